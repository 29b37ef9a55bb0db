// A machine's last minutes in typed arrays of fixed size: the newest sample replaces the oldest.

export const RING_SAMPLES = 6000; // 10 minutes at 10 Hz
const MAX_COLUMNS = 256;

export interface Recent {
  time_s: number[];
  columns: Record<string, (number | null)[]>; // null is a gap, as uPlot wants it
}

export class Ring {
  private readonly times_s: Float64Array;
  private readonly columns = new Map<string, Float32Array>();
  private next = 0;
  private size = 0;
  /** Grows with each change; compare to know whether to draw again. */
  version = 0;

  constructor(readonly capacity = RING_SAMPLES) {
    this.times_s = new Float64Array(capacity);
  }

  get length(): number {
    return this.size;
  }
  get firstTime_s(): number {
    return this.size === 0 ? Infinity : this.times_s[this.index(0)]!;
  }
  get lastTime_s(): number {
    return this.size === 0 ? -Infinity : this.times_s[this.index(this.size - 1)]!;
  }

  /** Add one sample. One that is not newer than the last is ignored: time does not go back. */
  push(time_s: number, values: Record<string, number | null>): void {
    if (!(time_s > this.lastTime_s)) return;
    const at = this.next;
    this.times_s[at] = time_s;
    for (const column of this.columns.values()) column[at] = NaN;
    for (const name in values) {
      const column = this.column(name);
      if (column !== undefined) column[at] = values[name] ?? NaN;
    }
    this.next = (at + 1) % this.capacity;
    this.size = Math.min(this.size + 1, this.capacity);
    this.version += 1;
  }

  /** Take a backfill in place of what it covers; what is newer stays. */
  load(time_s: readonly number[], columns: Record<string, readonly (number | null)[]>): void {
    const newer = this.since(Math.max(time_s.at(-1) ?? -Infinity, -Infinity));
    if (time_s.length === 0) return;
    this.size = 0;
    this.next = 0;
    this.replay(time_s, columns);
    this.replay(newer.time_s, newer.columns);
    this.version += 1;
  }

  /** Samples newer than a time, oldest first; all columns, or those named. */
  since(from_s: number, names?: readonly string[]): Recent {
    const start = this.firstAfter(from_s);
    const wanted = names ?? [...this.columns.keys()];
    const time_s: number[] = [];
    for (let i = start; i < this.size; i += 1) time_s.push(this.times_s[this.index(i)]!);
    const columns: Recent["columns"] = {};
    for (const name of wanted) columns[name] = this.values(name, start);
    return { time_s, columns };
  }

  /** Lowest and highest value newer than a time; null when there is none. */
  extent(name: string, from_s: number): [number, number] | null {
    const column = this.columns.get(name);
    if (column === undefined) return null;
    let low = Infinity;
    let high = -Infinity;
    for (let i = this.firstAfter(from_s); i < this.size; i += 1) {
      const value = column[this.index(i)]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? [low, high] : null;
  }

  private values(name: string, start: number): (number | null)[] {
    const column = this.columns.get(name);
    const out: (number | null)[] = [];
    for (let i = start; i < this.size; i += 1) {
      const value = column === undefined ? NaN : column[this.index(i)]!;
      out.push(Number.isNaN(value) ? null : value);
    }
    return out;
  }

  private replay(time_s: readonly number[], columns: Record<string, readonly (number | null)[]>): void {
    const names = Object.keys(columns);
    time_s.forEach((time, row) => {
      const values: Record<string, number | null> = {};
      for (const name of names) values[name] = columns[name]![row] ?? null;
      this.push(time, values);
    });
  }

  private index(i: number): number {
    return (this.next - this.size + i + this.capacity) % this.capacity;
  }

  private firstAfter(from_s: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times_s[this.index(middle)]! > from_s) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private column(name: string): Float32Array | undefined {
    const known = this.columns.get(name);
    if (known !== undefined || this.columns.size >= MAX_COLUMNS) return known;
    const column = new Float32Array(this.capacity).fill(NaN);
    this.columns.set(name, column);
    return column;
  }
}
