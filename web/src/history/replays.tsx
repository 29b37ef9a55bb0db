// Readings played again as a machine of their own: start, pause, speed, seek, stop.

import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import { age } from "../format";
import { machinePath } from "../router";
import { toast } from "../toast";
import type { Replay } from "../types";
import { Fold } from "./fold";

const SPEEDS: [number, string][] = [
  [0.1, "0.1×"], [0.5, "0.5×"], [1, "1×"], [2, "2×"], [5, "5×"], [10, "10×"], [60, "60×"], [100, "100×"], [1000, "1000×"], [0, "as fast as possible"],
];
const POLL_MS = 1000;

/** What is to be played: a recording, or the range on the screen. */
export interface ReplaySource {
  title: string;
  machine: string;
  what: Record<string, unknown>;
}

interface ReplaysProps {
  asked: ReplaySource | null;
  onAsked: (source: ReplaySource | null) => void;
  ofRange: () => ReplaySource | null;
}

export function Replays({ asked, onAsked, ofRange }: ReplaysProps) {
  const { replays, refresh } = useReplays();
  return (
    <Fold title="Replays" says={replays.length ? String(replays.length) : "none"} key={asked ? "asked" : "list"}>
      <div class="body stack">
        {asked
          ? <StartForm source={asked} onDone={() => { onAsked(null); void refresh(); }} />
          : <button class="btn" onClick={() => onAsked(ofRange())}>Replay this range…</button>}
        {replays.map((replay) => <Row key={replay.id} replay={replay} onChanged={refresh} />)}
      </div>
    </Fold>
  );
}

function useReplays(): { replays: readonly Replay[]; refresh: () => Promise<void> } {
  const [replays, setReplays] = useState<readonly Replay[]>([]);
  const refresh = async (): Promise<void> => {
    try {
      setReplays(await api.replays());
    } catch {
      /* the badge says that the server is away; the list stays as it was */
    }
  };
  const isMoving = replays.some((replay) => !isOver(replay) && !replay.paused);
  useEffect(() => {
    void refresh();
    if (!isMoving) return;
    const timer = setInterval(() => !document.hidden && void refresh(), POLL_MS);
    return () => clearInterval(timer);
  }, [isMoving]);
  return { replays, refresh };
}

async function tried(action: () => Promise<unknown>, failed: string): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    toast({ lit: "fail", title: failed, text: error instanceof Error ? error.message : String(error) });
    return false;
  }
}

function SpeedChoice({ speed, onSpeed }: { speed: number; onSpeed: (speed: number) => void }) {
  const known = SPEEDS.some(([value]) => value === speed) ? SPEEDS : [[speed, `${speed}×`] as [number, string], ...SPEEDS];
  return (
    <select class="input" aria-label="Speed" value={speed} onChange={(event) => onSpeed(Number(event.currentTarget.value))}>
      {known.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
    </select>
  );
}

function StartForm({ source, onDone }: { source: ReplaySource; onDone: () => void }) {
  const [as, setAs] = useState(`${source.machine}-replay`);
  const [speed, setSpeed] = useState(10);
  const [isLooped, setLooped] = useState(false);
  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body = { ...source.what, as: as.trim(), speed, loop: isLooped };
    if (await tried(() => api.startReplay(body), "The replay did not start")) onDone();
  };
  return (
    <form class="stack" onSubmit={(event) => void start(event)}>
      <p class="small soft">{source.title}, played again as a machine of its own. A replay runs through the same limits and alerts.</p>
      <label class="field"><span>As machine</span><input value={as} required onInput={(event) => setAs(event.currentTarget.value)} /></label>
      <label class="field"><span>Speed</span><SpeedChoice speed={speed} onSpeed={setSpeed} /></label>
      <label class="pick joined"><input type="checkbox" checked={isLooped} onChange={() => setLooped(!isLooped)} /><span>Again from the start when it ends</span></label>
      <div class="row"><button class="btn main">Start</button><button type="button" class="btn quiet" onClick={onDone}>Cancel</button></div>
    </form>
  );
}

function Row({ replay, onChanged }: { replay: Replay; onChanged: () => Promise<void> }) {
  const [held_s, setHeld] = useState<number | null>(null); // under the hand, the server's answer waits
  const change = (what: Parameters<typeof api.changeReplay>[1]): void =>
    void tried(() => api.changeReplay(replay.id, what), "The replay did not change").then(onChanged);
  const seek = (position_s: number): void => {
    setHeld(null);
    change({ position_s });
  };
  const at_s = held_s ?? replay.position_s;
  const length_s = replay.duration_s;
  return (
    <div class="replay stack">
      <div class="row small"><a class="strong cut" href={machinePath(replay.played_as)}>{replay.played_as}</a><span class="push muted nowrap">{replayWord(replay)}</span></div>
      {length_s !== null && !isOver(replay) && (
        <input class="slider" type="range" min={0} max={length_s} step={length_s / 1000} value={at_s} aria-label="Position" aria-valuetext={`${age(at_s)} of ${age(length_s)}`}
          onInput={(event) => setHeld(Number(event.currentTarget.value))} onChange={(event) => seek(Number(event.currentTarget.value))} />
      )}
      <div class="row small muted"><span>{age(at_s)}</span>{length_s !== null && <span class="push">{age(length_s)}</span>}</div>
      {replay.detail && <p class="small soft">{replay.detail}</p>}
      <div class="row">
        {!isOver(replay) && (
          <>
            <button class="btn" onClick={() => change({ paused: !replay.paused })}>{replay.paused ? "Resume" : "Pause"}</button>
            <SpeedChoice speed={replay.speed} onSpeed={(speed) => change({ speed })} />
          </>
        )}
        <button class="btn quiet" onClick={() => void tried(() => api.stopReplay(replay.id), "The replay did not stop").then(onChanged)}>{isOver(replay) ? "Clear" : "Stop"}</button>
      </div>
    </div>
  );
}

const isOver = (replay: Replay): boolean => replay.state === "ended" || replay.state === "closed";

const WORDS: Record<string, string> = { opening: "starting", live: "playing", ended: "at its end", closed: "stopped" };
const replayWord = (replay: Replay): string => (replay.paused && !isOver(replay) ? "paused" : (WORDS[replay.state] ?? replay.state));
