// One training on its way: started, asked about until it is over, stopped.
import { useEffect, useState } from "preact/hooks";
import { announce } from "../toast";
import * as api from "./api";
import { refreshModels } from "./machines";
import type { Training, TrainingWish } from "./types";

const POLL_MS = 700;

export const isOver = ({ state }: Training): boolean => state === "done" || state === "failed" || state === "stopped";
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export interface Trainings {
  trainings: readonly Training[] | null;
  problem: string | null;
  start(wish: TrainingWish): Promise<void>;
  stop(id: string): Promise<void>;
}

/** The trainings of one machine since the server started, the newest first. */
export function useTrainings(machine: string): Trainings {
  const [trainings, setTrainings] = useState<readonly Training[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const take = (one: Training): void => setTrainings((all) => {
    const others = (all ?? []).filter((other) => other.id !== one.id);
    return [one, ...others].sort((a, b) => Number(b.id) - Number(a.id));
  });
  const tried = async (action: () => Promise<Training>): Promise<void> => {
    setProblem(null);
    try {
      take(await action());
    } catch (error) {
      setProblem(words(error));
      announce(words(error), true);
    }
  };
  useEffect(() => {
    let isWanted = true;
    api.trainings(machine).then((all) => isWanted && setTrainings(all), (error: unknown) => isWanted && setProblem(words(error)));
    return () => void (isWanted = false);
  }, [machine]);

  const running = (trainings ?? []).filter((one) => !isOver(one)).map((one) => one.id).join();
  useEffect(() => {
    if (running === "") return;
    let isWanted = true;
    const ask = (): void => running.split(",").forEach((id) => {
      api.training(id).then((one) => {
        if (!isWanted) return;
        take(one);
        if (isOver(one)) {
          announce(endWords(one), one.state === "failed");
          void refreshModels(machine);
        }
      }, () => undefined); // the next asking may be answered
    });
    const timer = setInterval(() => !document.hidden && ask(), POLL_MS);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [running, machine]);
  return {
    trainings, problem,
    start: (wish) => tried(() => api.startTraining(machine, wish)),
    stop: (id) => tried(() => api.stopTraining(id)),
  };
}

/** How a training ended, in a sentence. */
export function endWords({ state, detail, version, name }: Training): string {
  if (state === "done") return `Learnt: version ${version ?? ""} of ${name}.`;
  return state === "failed" ? `Learning failed. ${detail}` : detail || "Stopped.";
}
