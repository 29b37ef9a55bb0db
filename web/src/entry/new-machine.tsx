// A machine that nothing has reported yet: its id and what it is.

import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import { refresh } from "../store";
import { announce } from "../toast";
import type { ProfileSummary } from "../types";

export function NewMachine({ onMade }: { onMade: (id: string) => void }) {
  const [id, setId] = useState("");
  const [profile, setProfile] = useState("");
  const [profiles, setProfiles] = useState<readonly ProfileSummary[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    api.profiles().then((all) => { setProfiles(all); setProfile(all[0]?.id ?? ""); }, (error: Error) => setProblem(error.message));
  }, []);
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await api.registerMachine(id.trim(), { profile });
      await refresh();
      onMade(id.trim());
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      setProblem(why);
      announce(why, true);
    }
  };
  return (
    <form class="panel" onSubmit={(event) => void make(event)}>
      <header><h2>New machine</h2></header>
      <div class="entry-fields">
        <label class="field"><span>Id</span><input value={id} required maxLength={64} placeholder="e.g. pump-4" onInput={(event) => setId(event.currentTarget.value)} /><span class="hint">Short; it stands in addresses and files</span></label>
        <label class="field"><span>Profile</span><select value={profile} onChange={(event) => setProfile(event.currentTarget.value)}>{profiles.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}</select><span class="hint">{profiles.find((one) => one.id === profile)?.description}</span></label>
      </div>
      <div class="entry-send row wrap">{problem && <span class="small ink-crit">{problem}</span>}<button class="btn main push">Register</button></div>
    </form>
  );
}
