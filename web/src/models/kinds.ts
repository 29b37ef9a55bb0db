// What can be learnt, asked for once: kinds of models, what each is for, and what can be set.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { capital } from "../format";
import { detectors } from "./api";
import type { Kinds } from "./types";

const known = signal<Kinds | null>(null);

/** null before the answer. */
export function useKinds(): Kinds | null {
  useEffect(() => {
    if (known.value === null) detectors().then((found) => (known.value = found), () => undefined); // the badge says that the server is away
  }, []);
  return known.value;
}

/** A kind's title; one that is not known is shown under its own name. */
export const kindTitle = (kinds: Kinds | null, kind: string): string =>
  kinds?.trainers.find((one) => one.kind === kind)?.title ?? capital(kind.replaceAll("_", " "));

export interface Setting {
  name: string;
  type: "number" | "integer" | "string" | "boolean" | "channel" | "choice";
  choices: string[];
  isNeeded: boolean;
  usual: string;
}

type Schema = { $ref?: string; $defs?: Record<string, Schema>; properties?: Record<string, Schema>; required?: string[]; type?: string; default?: unknown; enum?: unknown[]; anyOf?: Schema[] };

/** The settings of a kind that a form can hold, those that must be given first. */
export function settingsOf(schema: unknown): Setting[] {
  const root = (schema ?? {}) as Schema;
  const at = (one: Schema): Schema => (one.$ref ? root.$defs?.[one.$ref.split("/").pop() ?? ""] ?? {} : one);
  const { properties = {}, required = [] } = at(root);
  const found = Object.entries(properties).flatMap(([name, given]): Setting[] => {
    const one = given.anyOf ? { ...at(given.anyOf.find((each) => each.type !== "null") ?? {}), default: given.default } : { ...at(given), default: given.default };
    const type = name === "channel" ? "channel" : one.enum ? "choice" : one.type;
    if (type === undefined || !["number", "integer", "string", "boolean", "channel", "choice"].includes(type)) return [];
    const usual = one.default === undefined || one.default === null ? "" : String(one.default);
    return [{ name, type: type as Setting["type"], choices: (one.enum ?? []).map(String), isNeeded: required.includes(name), usual }];
  });
  return found.sort((a, b) => Number(b.isNeeded) - Number(a.isNeeded));
}

/** What was typed, as the server takes it; what was left empty keeps its usual value. */
export const settingsTyped = (settings: readonly Setting[], typed: Readonly<Record<string, string>>): Record<string, unknown> =>
  Object.fromEntries(settings.flatMap(({ name, type }) => {
    const text = typed[name] ?? "";
    if (text === "") return [];
    return [[name, type === "number" || type === "integer" ? Number(text) : type === "boolean" ? text === "true" : text]];
  }));

/** "horizon_s" is "Horizon, s". */
export function settingWords(name: string): string {
  const unit = /_(s|h|hz|c|g|bar|db|pct)$/.exec(name)?.[1];
  return capital(name.slice(0, unit ? -unit.length - 1 : undefined).replaceAll("_", " ")) + (unit ? `, ${unit === "hz" ? "Hz" : unit}` : "");
}
