// What a waveform says, in words. Pure.
import type { Lit } from "../lamp";
import type { Answer, Part, SpectrumLine } from "./api";

export const PARTS: Part[] = ["outer_race", "inner_race", "ball", "cage"];

const ANSWERS: Record<Answer, [Lit, string]> = {
  normal: ["ok", "Nothing stands out"], outer_race: ["warn", "Outer race"], inner_race: ["warn", "Inner race"], ball: ["warn", "Ball or roller"], cage: ["warn", "Cage"],
  gear: ["warn", "Gear"], unclear: ["none", "Unclear"], not_diagnosed: ["none", "Not diagnosed"],
};
export const answerWords = (answer: Answer): string => ANSWERS[answer]?.[1] ?? answer.replaceAll("_", " ");
/** "damage of the outer race", for a title. */
export const findingWords = (answer: Answer): string =>
  (PARTS as Answer[]).includes(answer) ? `damage of the ${answerWords(answer).toLowerCase()}` : answer === "gear" ? "the gear is not as it was" : answerWords(answer).toLowerCase();
export const answerLit = (answer: Answer): Lit => ANSWERS[answer]?.[0] ?? "none";

/** "2 × BPFO + shaft". */
export function lineWords({ name, harmonic, sideband }: Pick<SpectrumLine, "name" | "harmonic" | "sideband">): string {
  const side = sideband === 0 ? "" : sideband > 0 ? " + turning" : " \u2212 turning";
  const [, doubled = name] = /^2 x (.+)$/.exec(name) ?? []; // a ball meets both races in one turn
  const times = doubled === name ? harmonic : 2 * harmonic;
  return `${times > 1 ? `${times} × ` : ""}${doubled}${side}`;
}

/** Lines worth a mark, the strongest first: of the part that is named, else all that stand out. */
export const standing = (lines: readonly SpectrumLine[], answer: Answer): SpectrumLine[] =>
  lines.filter((line) => line.stands_out && ((PARTS as Answer[]).includes(answer) ? line.part === answer : true)).sort((a, b) => b.ratio - a.ratio);
