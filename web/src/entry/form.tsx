// The form of one machine: a field a channel, the important ones first.

import { useRef, useState } from "preact/hooks";
import * as api from "../api";
import { number } from "../format";
import { fieldSeconds } from "../history/when";
import { machineSignal } from "../store";
import { announce } from "../toast";
import type { Profile, SignalSpec } from "../types";
import { shown, toShown } from "../units";
import type { Answer } from "./answer";
import { checkTyped } from "./check";
import { EntryField } from "./field";

interface FormProps {
  id: string;
  title: string;
  profile: Profile;
  onAnswer: (answer: Answer) => void;
}

export function EntryForm({ id, title, profile, onAnswer }: FormProps) {
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState<Record<string, number>>({}); // what was sent from here, in the store's units
  const [when, setWhen] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const placeholder = (name: string, spec: SignalSpec): string => {
    const value = last[name] ?? machineSignal(id)?.peek().values[name]?.value;
    const as = shown(spec);
    return value === undefined || value === null ? "" : number(toShown(value, as), as.decimals);
  };
  const refuse = (why: string): void => {
    setProblem(why);
    announce(why, true);
  };
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const typed = Object.entries(profile.channels).map(([name, spec]) => ({ name, typed: checkTyped(texts[name] ?? "", spec, shown(spec)) }));
    const bad = typed.filter(({ typed: t }) => t.kind === "bad");
    setLeft(new Set(Object.keys(profile.channels)));
    if (bad.length > 0) {
      refuse(bad.length === 1 ? "One value needs a look." : `${bad.length} values need a look.`);
      form.current?.querySelector<HTMLInputElement>(`[name="${CSS.escape(bad[0]?.name ?? "")}"]`)?.focus();
      return;
    }
    const values = Object.fromEntries(typed.flatMap(({ name, typed: t }) => (t.kind === "value" ? [[name, t.value]] : [])));
    if (Object.keys(values).length === 0) {
      refuse("Enter at least one value.");
      return;
    }
    setProblem(null);
    setSending(true);
    try {
      const accepted = await api.postReading(id, when ? { time: new Date(fieldSeconds(when) * 1000).toISOString(), ...values } : values);
      onAnswer({ kind: "accepted", accepted });
      setLast({ ...last, ...values });
      setTexts({});
      setLeft(new Set());
      form.current?.querySelector<HTMLInputElement>("input[name]")?.focus();
    } catch (error) {
      onAnswer({ kind: "refused", message: error instanceof Error ? error.message : String(error) });
    } finally {
      setSending(false);
    }
  };

  return (
    <form class="panel" ref={form} onSubmit={(event) => void send(event)} noValidate>
      <header><h2>{title}</h2><span class="small muted">{profile.title}; leave empty what was not read</span></header>
      {groupsOf(profile).map(([heading, names]) => (
        <div key={heading} role="group" aria-label={heading}>
          <h3 class="entry-group">{heading}</h3>
          <div class="entry-fields">
            {names.map((name) => {
              const spec = profile.channels[name];
              return spec && (
                <EntryField key={name} name={name} spec={spec} text={texts[name] ?? ""} placeholder={placeholder(name, spec)} isChecked={left.has(name)}
                  onText={(text) => setTexts({ ...texts, [name]: text })} onLeft={() => setLeft(new Set([...left, name]))} />
              );
            })}
          </div>
        </div>
      ))}
      <div class="entry-send row wrap">
        <label class="row small soft">Read at <input class="input" type="datetime-local" step={1} value={when} onInput={(event) => setWhen(event.currentTarget.value)} /></label>
        <span class="small muted">{when ? "" : "empty: now"}</span>
        {problem && <span class="small ink-crit">{problem}</span>}
        <button class="btn main push" disabled={isSending}>{isSending ? "Keeping…" : "Keep this reading"}</button>
      </div>
    </form>
  );
}

const FEWEST = 3; // a group of one or two is not worth a heading
const KINDS: [string, RegExp][] = [
  ["Temperatures", /^(deg[CF]|K)$/],
  ["Pressures", /^(bar|mbar|kPa|MPa|Pa|psi)$/],
  ["Speeds and vibration", /^(rpm|mm\/s|m\/s|km\/h|m\/s\^2|g|Hz|in\/s)$/],
  ["Electrical", /^(A|V|W|kW|ohm|mA|mV|kWh)$/],
];

/** What the live page shows first, then the rest by what it measures. */
function groupsOf(profile: Profile): [string, string[]][] {
  const first = (profile.cards ?? []).filter((name) => name in profile.channels);
  const rest = Object.keys(profile.channels).filter((name) => !first.includes(name));
  const kindOf = (name: string): string => KINDS.find(([, units]) => units.test(profile.channels[name]?.unit ?? ""))?.[0] ?? "Other";
  const kinds = KINDS.map(([kind]): [string, string[]] => [kind, rest.filter((name) => kindOf(name) === kind)]).filter(([, names]) => names.length >= FEWEST);
  const others = rest.filter((name) => !kinds.some(([, names]) => names.includes(name)));
  return [["Most important", first] as [string, string[]], ...kinds, ["Other", others] as [string, string[]]].filter(([, names]) => names.length > 0);
}
