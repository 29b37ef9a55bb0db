// The telltales: nine shapes on a 16 px grid that can be told apart without colour.
import type { JSX } from "preact";

export type Lit = "ok" | "learn" | "warn" | "crit" | "stale" | "none" | "fail" | "shelved";
export type LampSize = "s" | "" | "l" | "xl";

const WORDS: Record<Lit, string> = {
  ok: "Normal", learn: "Learning", warn: "Warning", crit: "Critical", stale: "Stale",
  none: "No model", fail: "Failed", shelved: "Shelved",
};

interface LampProps {
  lit: Lit;
  size?: LampSize;
  /** Someone has acknowledged it: outlined instead of filled. */
  taken?: boolean;
  /** Learning: how much is done, 0 to 1. */
  done?: number;
  /** Said by a screen reader; "" when the word stands beside the lamp. */
  label?: string;
}

const ring = { cx: 8, cy: 8, r: 5.5, fill: "none", stroke: "currentColor", "stroke-width": 1.5 };
const stroke = { fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round" } as const;

function arc(done: number): string {
  const turn = 2 * Math.PI * Math.min(0.999, Math.max(0.02, done));
  const x = 8 + 5.5 * Math.sin(turn);
  const y = 8 - 5.5 * Math.cos(turn);
  return `M8 2.5A5.5 5.5 0 ${turn > Math.PI ? 1 : 0} 1 ${x.toFixed(2)} ${y.toFixed(2)}`;
}

const Alarm = ({ outline, mark, width, taken }: { outline: string; mark: string; width: number; taken: boolean }) => (
  <>
    <path d={outline} fill={taken ? "none" : "currentColor"} stroke="var(--edge)" stroke-width={width} stroke-linejoin="round" />
    <path d={mark} stroke={taken ? "currentColor" : "var(--on)"} stroke-width={1.7} stroke-linecap="round" fill="none" />
  </>
);

const SHAPES: Record<Lit, (taken: boolean, done: number) => JSX.Element> = {
  ok: () => <circle {...ring} />,
  learn: (_, done) => (
    <>
      <circle {...ring} opacity={0.35} />
      <path {...stroke} d={arc(done)} stroke-width={2.6} />
    </>
  ),
  warn: (taken) => (
    <Alarm outline="M8 1.9 14.6 13.6H1.4Z" mark="M8 6v3.4M8 11.4v.2" width={1.3} taken={taken} />
  ),
  crit: (taken) => (
    <Alarm outline="M8 .9 15.1 8 8 15.1 .9 8Z" mark="M8 4.6v4.2M8 11.2v.2" width={1.2} taken={taken} />
  ),
  stale: () => (
    <>
      <circle {...ring} stroke-dasharray="2.3 2" />
      <path {...stroke} d="M8 5.2V8l1.9 1.4" stroke-width={1.4} />
    </>
  ),
  none: () => (
    <>
      <circle {...ring} />
      <path {...stroke} d="M4.2 11.8 11.8 4.2" />
    </>
  ),
  fail: () => (
    <>
      <rect x={2.2} y={2.2} width={11.6} height={11.6} rx={2} fill="none" stroke="currentColor" stroke-width={1.5} />
      <path {...stroke} d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" stroke-width={1.7} />
    </>
  ),
  shelved: () => (
    <>
      <circle {...ring} />
      <path {...stroke} d="M6.6 6v4m2.8-4v4" />
    </>
  ),
};

export function Lamp({ lit, size = "", taken = false, done = 0.62, label }: LampProps) {
  const name = label ?? (taken ? `${WORDS[lit]}, taken` : WORDS[lit]);
  const said = name === "" ? { "aria-hidden": "true" as const } : { role: "img" as const, "aria-label": name };
  return (
    <svg class={`lamp ${lit} ${size}`} viewBox="0 0 16 16" {...said}>
      {SHAPES[lit](taken, done)}
    </svg>
  );
}

/** A lamp with its word beside it. */
export function State({ lit, word, taken = false }: { lit: Lit; word?: string; taken?: boolean }) {
  return (
    <span class={`state ${lit}`}>
      <Lamp lit={lit} taken={taken} label="" />
      {word ?? WORDS[lit]}
    </span>
  );
}

export const Simulated = () => <span class="tag sim">Simulated</span>;
