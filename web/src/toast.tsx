// Toasts: only what happened just now. The page has one live region, here; it says each thing once,
// never more than one in five seconds.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { tied } from "./format";
import { Lamp, type Lit } from "./lamp";

export interface Toast {
  lit: Lit;
  title: string;
  text?: string;
  /** Where "Open" leads. A critical toast stays until it is opened or closed. */
  href?: string;
  action?: string;
}
interface Shown extends Toast {
  id: number;
}

const STAYS_MS = 8_000;
const MAX_SHOWN = 3;
const SAY_EVERY_MS = 5_000;

const toasts = signal<readonly Shown[]>([]);
const said = signal<{ text: string; assertive: boolean }>({ text: "", assertive: false });
let nextId = 1;
let waiting: { text: string; assertive: boolean }[] = [];
let timer = 0;
let lastSaidMs = 0;

function sayNext(): void {
  timer = 0;
  const first = waiting.find((one) => one.assertive) ?? waiting[0];
  if (first === undefined) return;
  const others = waiting.length - 1;
  waiting = [];
  lastSaidMs = Date.now();
  said.value = { text: others > 0 ? `${first.text}. ${others} more.` : first.text, assertive: first.assertive };
}

/** Say something to a screen reader, without a picture. */
export function announce(text: string, assertive = false): void {
  waiting.push({ text, assertive });
  if (timer !== 0) return;
  timer = window.setTimeout(sayNext, Math.max(0, lastSaidMs + SAY_EVERY_MS - Date.now()));
}

export function toast(what: Toast): void {
  const shown = { ...what, id: nextId };
  nextId += 1;
  toasts.value = [shown, ...toasts.value].slice(0, MAX_SHOWN);
  announce([what.title, what.text].filter(Boolean).join(". "), what.lit === "crit");
}

const close = (id: number): void => {
  toasts.value = toasts.value.filter((one) => one.id !== id);
};

function ToastView({ one }: { one: Shown }) {
  const isHeld = useRef(false);
  useEffect(() => {
    if (one.lit === "crit") return;
    const timerId = setInterval(() => !isHeld.current && close(one.id), STAYS_MS);
    return () => clearInterval(timerId);
  }, [one.id]);
  const hold = (held: boolean) => () => {
    isHeld.current = held;
  };
  return (
    <li class="toast" onMouseEnter={hold(true)} onMouseLeave={hold(false)} onFocusCapture={hold(true)} onBlurCapture={hold(false)}>
      <Lamp lit={one.lit} />
      <div class="stack tight">
        <span class="strong">{one.title}</span>
        {one.text && <span class="small soft">{tied(one.text)}</span>}
      </div>
      <div class="row">
        {one.href && <a class="btn quiet" href={one.href} onClick={() => close(one.id)}>{one.action ?? "Open"}</a>}
        <button class="btn quiet" aria-label={`Close: ${one.title}`} onClick={() => close(one.id)}>×</button>
      </div>
    </li>
  );
}

export function Toasts() {
  return (
    <section aria-label="Just now">
      <ul class="toasts">{toasts.value.map((one) => <ToastView key={one.id} one={one} />)}</ul>
      <div class="sr" role="status" aria-live={said.value.assertive ? "assertive" : "polite"}>{said.value.text}</div>
    </section>
  );
}
