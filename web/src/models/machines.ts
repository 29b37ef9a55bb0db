// Machines as the pages about models need them: their models, looked at again and again, and their titles.
import { signal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { briefs } from "../store";
import { machineModels } from "./api";
import type { MachineModels } from "./types";

const ASK_EVERY_MS = 4_000; // progress and states; values come live

const byMachine = new Map<string, Signal<MachineModels | null>>();

function known(id: string): Signal<MachineModels | null> {
  let models = byMachine.get(id);
  if (models === undefined) byMachine.set(id, (models = signal<MachineModels | null>(null)));
  return models;
}

/** Take what a change answered. */
export function takeModels(id: string, models: MachineModels): void {
  known(id).value = models;
}

export async function refreshModels(id: string): Promise<void> {
  try {
    takeModels(id, await machineModels(id));
  } catch {
    /* the badge says that the server is away; what is known stays */
  }
}

/** The models of a machine, asked for while they are looked at; null before the first answer. */
export function useModels(id: string): MachineModels | null {
  useEffect(() => {
    void refreshModels(id);
    const timer = setInterval(() => !document.hidden && void refreshModels(id), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [id]);
  return known(id).value;
}

export const machineTitle = (id: string): string => briefs.value.find((one) => one.id === id)?.title ?? id;
