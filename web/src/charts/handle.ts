// Moving about in time: zoom, pan, back and the cursor, by hand or by keyboard. What is under the hand
// is a draft that only redraws; the range is set once the hand rests.

import { useMemo, useRef, useState } from "preact/hooks";
import type { GestureHandlers } from "./gestures";
import { between, checked, isSame, panned, pinched, type Range, span_s, zoomed } from "./range";

const MAX_PAST = 50;
const KEY_ZOOM = 2;
const KEY_PAN = 0.5;

export interface Handle {
  /** What is shown now. */
  range: Range;
  cursor_s: number | null;
  selection: [number, number] | null;
  canGoBack: boolean;
  gestures: Omit<GestureHandlers, "axis">;
  setCursor(at_s: number | null): void;
  /** True when the key meant something. */
  onKey(event: KeyboardEvent, times_s: Float64Array): boolean;
  back(): void;
}

interface HandleProps {
  set: Range | null; // null: following
  following: Range;
  onRange: (range: Range | null) => void;
}

export function useHandle({ set, following, onRange }: HandleProps): Handle {
  const [draft, setDraft] = useState<Range | null>(null);
  const [cursor_s, setCursor] = useState<number | null>(null);
  const [selection, showSelection] = useState<[number, number] | null>(null);
  const past = useRef<(Range | null)[]>([]);
  const range = draft ?? set ?? following;
  const live = useRef({ range, set, draft, onRange, cursor_s });
  live.current = { range, set, draft, onRange, cursor_s };

  const actions = useMemo(() => {
    const move = (next: Range): void => {
      const good = checked(next.from_s, next.to_s);
      if (!good) return;
      live.current.draft = live.current.range = good;
      setDraft(good);
    };
    const settle = (): void => {
      const { draft: kept, set: before } = live.current;
      if (!kept) return;
      past.current = [...past.current.slice(1 - MAX_PAST), before];
      live.current.draft = null;
      setDraft(null);
      if (!before || !isSame(kept, before)) live.current.onRange(kept);
    };
    const go = (next: Range): void => {
      move(next);
      settle();
    };
    const back = (): void => {
      live.current.draft = null;
      setDraft(null);
      const before = past.current.pop();
      if (before !== undefined) live.current.onRange(before);
    };
    const timeAt = (share: number): number => live.current.range.from_s + share * span_s(live.current.range);
    let held: Range | null = null;
    const gestures: Handle["gestures"] = {
      setCursor: (share) => setCursor(share === null ? null : timeAt(share)),
      showSelection,
      zoomTo: ([a, b]) => go(between(timeAt(a), timeAt(b))),
      zoomAt: (share, factor) => move(zoomed(live.current.range, timeAt(share), factor)),
      panBy: (share) => move(panned(live.current.range, share)),
      pinch: (start, now) => move(pinched((held ??= live.current.range), start, now)),
      settle: () => {
        held = null;
        settle();
      },
      back,
    };
    return { gestures, go, back };
  }, []);

  const onKey = (event: KeyboardEvent, times_s: Float64Array): boolean => {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const cursor = cursorAfter(event, times_s, range, cursor_s);
    if (cursor !== undefined) {
      setCursor(cursor);
      return true;
    }
    const at_s = cursor_s ?? (range.from_s + range.to_s) / 2;
    const moves: Record<string, () => void> = {
      "+": () => actions.go(zoomed(range, at_s, 1 / KEY_ZOOM)),
      "=": () => actions.go(zoomed(range, at_s, 1 / KEY_ZOOM)),
      "-": () => actions.go(zoomed(range, at_s, KEY_ZOOM)),
      PageUp: () => actions.go(panned(range, -KEY_PAN)),
      PageDown: () => actions.go(panned(range, KEY_PAN)),
      Escape: () => (cursor_s !== null && past.current.length === 0 ? setCursor(null) : actions.back()),
    };
    const act = moves[event.key];
    act?.();
    return act !== undefined;
  };
  return {
    range, cursor_s, selection, setCursor, onKey,
    canGoBack: past.current.length > 0,
    gestures: actions.gestures,
    back: actions.back,
  };
}

/** The cursor's next place, or undefined when the key is not one that moves it. */
function cursorAfter(event: KeyboardEvent, times_s: Float64Array, range: Range, cursor_s: number | null): number | undefined {
  const first = times_s.findIndex((t) => t >= range.from_s);
  const last = times_s.findLastIndex((t) => t <= range.to_s);
  if (first < 0 || last < first) return undefined;
  const steps = event.shiftKey ? 10 : 1;
  const at = cursor_s === null ? null : times_s.findLastIndex((t) => t <= cursor_s);
  const to = (i: number): number | undefined => times_s[Math.min(last, Math.max(first, i))];
  switch (event.key) {
    case "ArrowLeft": return to(at === null ? last : at - steps);
    case "ArrowRight": return to(at === null ? first : at + steps);
    case "Home": return times_s[first];
    case "End": return times_s[last];
    default: return undefined;
  }
}
