// The telltales: ten shapes on a 16 px grid that can be told apart without colour.
import type { JSX } from "preact";

export type Lit = "ok" | "learn" | "warn" | "crit" | "stale" | "none" | "fail" | "shelved" | "rec";
export type LampSize = "s" | "" | "l" | "xl";

const WORDS: Record<Lit, string> = {
  ok: "Normal", learn: "Learning", warn: "Warning", crit: "Critical", stale: "Stale",
  none: "No model", fail: "Failed", shelved: "Paused", rec: "Recorded",
};

interface LampProps {
  lit: Lit;
  size?: LampSize;
  /** Said by a screen reader; "" when the word stands beside the lamp. */
  label?: string;
}

const ring = { cx: 8, cy: 8, r: 5.5, fill: "none", stroke: "currentColor", "stroke-width": 1.5 };
const stroke = { fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round" } as const;

const Alarm = ({ outline, mark, width}: { outline: string; mark: string; width: number }) => (
  <>
    <path d={outline} fill="currentColor" stroke="var(--edge)" stroke-width={width} stroke-linejoin="round" />
    <path d={mark} stroke="var(--on)" stroke-width={1.7} stroke-linecap="round" fill="none" />
  </>
);

const SHAPES: Record<Lit, () => JSX.Element> = {
  ok: () => <circle {...ring} />,
  learn: () => (
    <>
      <circle {...ring} opacity={0.35} />
      <path {...stroke} d="M8 2.5A5.5 5.5 0 1 1 4.24 12.01" stroke-width={2.6} />
    </>
  ),
  warn: () => (
    <Alarm outline="M8 1.9 14.6 13.6H1.4Z" mark="M8 6v3.4M8 11.4v.2" width={1.3} />
  ),
  crit: () => (
    <Alarm outline="M8 .9 15.1 8 8 15.1 .9 8Z" mark="M8 4.6v4.2M8 11.2v.2" width={1.2} />
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
  rec: () => (
    <>
      <circle {...ring} />
      <circle cx={8} cy={8} r={2} fill="currentColor" />
    </>
  ),
  shelved: () => (
    <>
      <circle {...ring} />
      <path {...stroke} d="M6.6 6v4m2.8-4v4" />
    </>
  ),
};

export function Lamp({ lit, size = "", label }: LampProps) {
  const name = label ?? WORDS[lit];
  const said = name === "" ? { "aria-hidden": "true" as const } : { role: "img" as const, "aria-label": name };
  return (
    <svg class={`lamp ${lit} ${size}`} viewBox="0 0 16 16" {...said}>
      {SHAPES[lit]()}
    </svg>
  );
}

/** A lamp with its word beside it. */
export function State({ lit, word }: { lit: Lit; word?: string }) {
  return (
    <span class={`state ${lit}`}>
      <Lamp lit={lit} label="" />
      {word ?? WORDS[lit]}
    </span>
  );
}

export const Simulated = () => <span class="tag sim">Simulated</span>;
