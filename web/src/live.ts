// The live connection: says what is wanted, takes backfill, frames and events, measures the delay,
// and comes back by itself after a break, resuming by sequence number.
import { signal } from "@preact/signals";
import { API } from "./api";
import { takeFrame, type FrameMachine } from "./frames";
import { onRedraw } from "./schedule";
import { refresh, refreshEvents, ringOf, takeEvents } from "./store";
import { toast } from "./toast";
import type { MachineEvent } from "./types";

export interface Wanted {
  machines: string[];
  channels: string[];
  rateHz: number;
  backfillS: number;
}

/** What the badge shows. `stale` is a break that has lasted. */
export type Link =
  | { state: "connecting" }
  | { state: "live"; delayMs: number | null }
  | { state: "reconnecting"; retryAtMs: number }
  | { state: "stale"; sinceMs: number; retryAtMs: number };

interface Hello { type: "hello"; epoch: string; seq: number; server_ms: number; resumed: boolean; missed_events: number }
interface Backfill { type: "backfill"; machine: string; time_ns: number[]; columns: Record<string, (number | null)[]> }
interface Frame { type: "frame"; seq: number; server_ms: number; dropped: number; machines: Record<string, FrameMachine> }
interface Events { type: "events"; seq: number; missed?: number; events: MachineEvent[] }
interface Ping { type: "ping"; sent_ms: number }
interface Pong { type: "pong"; sent_ms: number; server_ms: number }
interface Refusal { type: "error"; detail: string }
type Message = Hello | Backfill | Frame | Events | Ping | Pong | Refusal;

const PING_EVERY_MS = 5_000;
const SILENT_AFTER_MS = 12_000; // two pings unanswered: the connection is dead though it looks open
const STALE_AFTER_MS = 15_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
const HIDDEN_RATE_HZ = 0.5; // off screen: enough for the title and the icon
const REFRESH_EVERY_MS = 30_000; // counts and headlines that frames do not carry
const CATCH_UP_MS = 400; // events come in bursts; ask for the new headlines once
const SMOOTH = 0.2;
const RECENT_S = 5; // an older newest value is a slow machine, not a slow line

export const link = signal<Link>({ state: "connecting" });
/** Frames that the server left out because this page was too slow, since it subscribed. */
export const droppedFrames = signal(0);

type EventsListener = (fresh: readonly MachineEvent[]) => void;

class LiveClient {
  private socket: WebSocket | null = null;
  private wanted: Wanted = { machines: ["*"], channels: ["*"], rateHz: 4, backfillS: 0 };
  private resume: { epoch: string; seq: number } | null = null;
  private tries = 0;
  private lastHeardMs = 0;
  private lostAtMs: number | null = null;
  private clockAheadMs = 0; // the server's clock against ours
  private delayMs: number | null = null;
  private retryTimer = 0;
  private catchUpTimer = 0;
  private frames: Frame[] = [];
  private listeners = new Set<EventsListener>();

  start(): void {
    this.connect();
    setInterval(() => this.watch(), 1000);
    setInterval(() => this.ping(), PING_EVERY_MS);
    setInterval(() => !document.hidden && this.catchUp(), REFRESH_EVERY_MS);
    document.addEventListener("visibilitychange", () => this.subscribe(!document.hidden));
    addEventListener("online", () => this.retryNow());
  }

  /** Say what is to be delivered from now on; the same wish twice is sent once. */
  want(wanted: Wanted): void {
    if (JSON.stringify(wanted) === JSON.stringify(this.wanted)) return;
    this.wanted = wanted;
    this.subscribe(true);
  }

  onEvents(listener: EventsListener): void {
    this.listeners.add(listener);
  }

  retryNow(): void {
    if (link.value.state === "live" || link.value.state === "connecting") return;
    clearTimeout(this.retryTimer);
    this.connect();
  }

  private connect(): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${API}/live`);
    this.socket = socket;
    this.lastHeardMs = Date.now();
    socket.onopen = () => {
      this.subscribe(true);
      this.ping();
    };
    socket.onmessage = (message) => this.hear(message);
    socket.onclose = () => socket === this.socket && this.lost();
  }

  private subscribe(withBackfill: boolean): void {
    const { machines, channels, rateHz, backfillS } = this.wanted;
    const rate_hz = document.hidden ? HIDDEN_RATE_HZ : rateHz;
    const backfill_s = withBackfill && !document.hidden ? backfillS : 0;
    const resume = this.resume ? { resume: this.resume } : {};
    this.say({ type: "subscribe", machines, channels, rate_hz, backfill_s, ...resume });
  }

  private say(message: unknown): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private ping(): void {
    this.say({ type: "ping", sent_ms: Date.now() });
  }

  private hear(raw: MessageEvent<unknown>): void {
    this.lastHeardMs = Date.now();
    if (typeof raw.data !== "string") return;
    this.take(JSON.parse(raw.data) as Message);
  }

  private take(message: Message): void {
    switch (message.type) {
      case "hello":
        return this.greet(message);
      case "backfill":
        return ringOf(message.machine).load(message.time_ns.map((ns) => ns / 1e9), message.columns);
      case "frame":
        return this.takeFrame(message);
      case "events":
        return this.takeEvents(message);
      case "ping":
        return this.say({ type: "pong", sent_ms: message.sent_ms, server_ms: Date.now() });
      case "pong":
        return this.takePong(message);
      case "error":
        toast({ lit: "fail", title: "The server refused what this page asked for", text: message.detail });
    }
  }

  private greet(hello: Hello): void {
    const isSame = this.resume?.epoch === hello.epoch && hello.resumed;
    this.resume = { epoch: hello.epoch, seq: hello.seq };
    this.tries = 0;
    this.lostAtMs = null;
    link.value = { state: "live", delayMs: this.delayMs };
    if (!isSame || hello.missed_events > 0) this.catchUp();
  }

  private takeFrame(frame: Frame): void {
    this.advance(frame.seq);
    this.measure(frame);
    droppedFrames.value = frame.dropped;
    this.frames.push(frame);
    // A hidden page gets no redraw: merge at once, or frames would pile up.
    if (document.hidden) this.merge();
    else onRedraw(this.merge);
  }

  private merge = (): void => {
    const frames = this.frames;
    this.frames = [];
    let allKnown = true;
    for (const frame of frames) allKnown = takeFrame(frame.machines, Date.now()) && allKnown;
    if (!allKnown) this.catchUp();
    const delay = this.delayMs === null ? null : Math.round(this.delayMs);
    if (link.value.state === "live" && link.value.delayMs !== delay) link.value = { state: "live", delayMs: delay };
  };

  private takeEvents(message: Events): void {
    this.advance(message.seq);
    const fresh = takeEvents(message.events);
    for (const listener of this.listeners) listener(fresh);
    this.catchUp();
  }

  private advance(seq: number): void {
    if (this.resume !== null && seq > this.resume.seq) this.resume = { ...this.resume, seq };
  }

  private takePong(pong: Pong): void {
    const nowMs = Date.now();
    this.clockAheadMs = pong.server_ms - (pong.sent_ms + nowMs) / 2;
  }

  /** From the newest value's measurement to this page, on the server's clock. */
  private measure(frame: Frame): void {
    const onTheWayMs = Math.max(0, Date.now() + this.clockAheadMs - frame.server_ms);
    const ages = Object.values(frame.machines).map((m) => m.age_s ?? Infinity);
    const youngest_s = Math.max(0, Math.min(...ages));
    const delayMs = onTheWayMs + (youngest_s < RECENT_S ? youngest_s * 1000 : 0);
    this.delayMs = this.delayMs === null ? delayMs : this.delayMs + SMOOTH * (delayMs - this.delayMs);
  }

  private catchUp(): void {
    clearTimeout(this.catchUpTimer);
    this.catchUpTimer = window.setTimeout(() => {
      void refresh();
      void refreshEvents();
    }, CATCH_UP_MS);
  }

  private watch(): void {
    const nowMs = Date.now();
    if (this.socket?.readyState === WebSocket.OPEN && nowMs - this.lastHeardMs > SILENT_AFTER_MS) {
      this.socket.close();
      this.lost();
    }
    if (link.value.state === "reconnecting" && this.lostAtMs !== null && nowMs - this.lostAtMs > STALE_AFTER_MS) {
      link.value = { state: "stale", sinceMs: this.lostAtMs, retryAtMs: link.value.retryAtMs };
    }
  }

  private lost(): void {
    this.socket = null;
    this.lostAtMs ??= Date.now();
    const base = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]!;
    // Spread, so that many viewers do not all return in the same instant.
    const waitMs = base * (0.75 + Math.random() / 2);
    this.tries += 1;
    const retryAtMs = Date.now() + waitMs;
    const isStale = Date.now() - this.lostAtMs > STALE_AFTER_MS;
    link.value = isStale ? { state: "stale", sinceMs: this.lostAtMs, retryAtMs } : { state: "reconnecting", retryAtMs };
    clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => this.connect(), waitMs);
  }
}

const client = new LiveClient();
export const startLive = (): void => client.start();
export const want = (wanted: Wanted): void => client.want(wanted);
export const retryNow = (): void => client.retryNow();
export const onEvents = (listener: EventsListener): void => client.onEvents(listener);
