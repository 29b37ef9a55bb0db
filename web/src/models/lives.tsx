// How long each channel has until its limit, by its trend; how old machines like this one grew.
import { useEffect, useState } from "preact/hooks";
import { capital, number, tied } from "../format";
import { lowerFirst } from "../findings";
import { specOf, type LiveMachine } from "../store";
import type { Profile } from "../types";
import { withUnit } from "../values";
import * as api from "./api";
import { hoursWords, lifeWords } from "./words";
import type { Chance, ChannelLife, Lives as LivesAsked, ProfileLives } from "./types";

const ASK_EVERY_MS = 300_000; // trends of days
const WITHOUT: [string, string][] = [
  ["far", "on its way to a limit, further off than the readings can tell"],
  ["no_trend", "no trend towards a limit"], ["too_little", "too few readings for a trend"], ["no_limit", "no limit"],
];

function useAsked(machine: string, profile: string): { lives: LivesAsked | null; grown: ProfileLives | null } {
  const [lives, setLives] = useState<LivesAsked | null>(null);
  const [grown, setGrown] = useState<ProfileLives | null>(null);
  useEffect(() => {
    let isWanted = true;
    const ask = (): void => {
      if (document.hidden) return;
      api.lives(machine).then((found) => isWanted && setLives(found), () => undefined); // the badge says that the server is away
      api.profileLives(profile).then((found) => isWanted && setGrown(found), () => undefined);
    };
    ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [machine, profile]);
  return { lives, grown };
}

export function Lives({ machine, profile }: { machine: LiveMachine; profile: Profile }) {
  const { lives, grown } = useAsked(machine.id, machine.profile);
  if (lives === null) return <p class="body soft" role="status">Asking.</p>;
  const known = lives.lives.filter((life) => life.hours !== null);
  const without = (reason: string): ChannelLife[] => lives.lives.filter((life) => life.hours === null && life.reason === reason);
  const own = grown?.machines.find((one) => one.machine === machine.id);
  return (
    <div class="body stack loose">
      {known.length === 0 && <p class="soft">No channel is clearly on its way to a limit.</p>}
      {known.map((life) => <Life key={life.name} life={life} profile={profile} />)}
      {own && own.chances.length > 0 && (
        <div class="stack tight">
          <h3>By age</h3>
          <Chances chances={own.chances} />
          <p class="small soft">{number(own.age_h)} h since its last failure; from {number(grown!.failures)} failures of machines like it.</p>
        </div>
      )}
      <Rest words="beyond its limit now" lives={without("beyond")} />
      <details class="more">
        <summary>Channels without a number</summary>
        <div class="stack">
          {grown && !own?.chances.length && grown.reason && <p class="small soft">By age: {lowerFirst(grown.reason)}</p>}
          {WITHOUT.map(([reason, words]) => <Rest key={reason} words={words} lives={without(reason)} />)}
        </div>
      </details>
    </div>
  );
}

function Life({ life, profile }: { life: ChannelLife; profile: Profile }) {
  const spec = specOf(profile, life.name);
  return (
    <div class="stack tight">
      <div class="row base wrap"><h3>{life.title}</h3><span class="push small muted">most likely {hoursWords(life.hours!)}</span></div>
      <p class="say">{capital(lifeWords(life.low_hours ?? 0, life.high_hours))}{life.limit !== null && spec && ` it reaches ${withUnit(life.limit, spec)}`}.</p>
      {life.chances && life.chances.length > 0 && <Chances chances={life.chances} />}
    </div>
  );
}

/** The chance within a day, a week, a month. */
const Chances = ({ chances }: { chances: readonly Chance[] }) => (
  <dl class="chances">{chances.map(({ within_h, chance }) => <div key={within_h}><dt>chance within {hoursWords(within_h)}</dt><dd>{percent(chance)}</dd></div>)}</dl>
);

function Rest({ words, lives }: { words: string; lives: readonly ChannelLife[] }) {
  if (lives.length === 0) return null;
  return <p class="small soft">{tied(`${capital(words)}: ${lives.map((life) => lowerFirst(life.title)).join(", ")}.`)}</p>;
}

/** "<1 %" rather than nothing: a chance that was worked out is none only when it is. */
const percent = (chance: number): string => (chance > 0 && chance < 0.01 ? "<1 %" : chance < 1 && chance > 0.99 ? ">99 %" : `${number(chance * 100)} %`);
