// What people said of stretches of a machine's time: asked for once, drawn in charts, listed, taken back.
import { signal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import * as api from "./api";
import type { NamedStretch } from "./charts/model";
import { capital } from "./format";
import { later } from "./later";

export type LabelKind = "normal" | "fault" | "failure";

/** A failure is an instant: it ends when it begins. */
export interface Label {
  id: number;
  machine: string;
  start_ns: number;
  end_ns: number;
  kind: LabelKind;
  fault: string;
  note: string;
  teaches: boolean;
  created_ns: number;
}

export interface Labels {
  labels: Label[];
  faults: { name: string; title: string }[];
}

/** The form that names a stretch; it comes when it is opened. */
export const LabelForm = later(() => import("./labels/form").then((it) => it.LabelForm), "part");

const byMachine = new Map<string, Signal<Labels | null>>();

function known(machine: string): Signal<Labels | null> {
  let labels = byMachine.get(machine);
  if (labels === undefined) byMachine.set(machine, (labels = signal<Labels | null>(null)));
  return labels;
}

const asking = new Set<string>();

export async function refreshLabels(machine: string): Promise<void> {
  asking.add(machine);
  try {
    known(machine).value = await api.get<Labels>(`${api.at(machine)}/labels`);
  } catch {
    /* the badge says that the server is away; what is known stays */
  } finally {
    asking.delete(machine);
  }
}

/** The labels of a machine, asked for when somebody looks; null before the first answer. */
export function useLabels(machine: string): Labels | null {
  useEffect(() => {
    if (!asking.has(machine)) void refreshLabels(machine);
  }, [machine]);
  return known(machine).value;
}

const TONES = { normal: "normal", fault: "warn", failure: "crit" } as const;

/** Labels as charts draw them. */
export function useStretches(machine: string): readonly NamedStretch[] {
  const all = useLabels(machine);
  return useMemo(() => (all?.labels ?? []).map((label) => ({
    from_s: label.start_ns / 1e9, to_s: label.end_ns / 1e9, tone: TONES[label.kind], label: labelWords(label, all!.faults).toLowerCase(),
  })), [all]);
}

/** "Normal", "Bearing wear", "Failed: bearing wear". */
export function labelWords({ kind, fault }: Pick<Label, "kind" | "fault">, faults: Labels["faults"]): string {
  const title = faults.find((one) => one.name === fault)?.title ?? fault.replaceAll("_", " ");
  if (kind === "normal") return "Normal";
  if (kind === "fault") return capital(title);
  return title === "" ? "Failed" : `Failed: ${title.toLowerCase()}`;
}
