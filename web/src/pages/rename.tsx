// Rename a machine in place: title and where it stands. Its id stays.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { takeMachine, type LiveMachine } from "../store";

const MAX_LETTERS = 80;

export function Rename({ machine, onDone }: { machine: LiveMachine; onDone: () => void }) {
  const [title, setTitle] = useState(machine.title);
  const [place, setPlace] = useState(machine.place ?? "");
  const [problem, setProblem] = useState<string | null>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.select(), []);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      takeMachine(await api.changeMachine(machine.id, { title: title.trim(), place: place.trim() }), Date.now());
      onDone();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form class="panel inline-form spaced" onSubmit={(event) => void save(event)} onKeyDown={(event) => event.key === "Escape" && onDone()}>
      <label class={`field ${problem ? "bad" : ""}`}>
        Title
        <input ref={first} value={title} required maxLength={MAX_LETTERS} onInput={(event) => setTitle(event.currentTarget.value)} />
        <span class="hint">{problem ?? `its id stays ${machine.id}`}</span>
      </label>
      <label class="field">
        Place
        <input value={place} maxLength={MAX_LETTERS} onInput={(event) => setPlace(event.currentTarget.value)} />
        <span class="hint">where it stands, for example hall B</span>
      </label>
      <div class="row">
        <button class="btn main" type="submit" disabled={title.trim() === ""}>Rename</button>
        <button class="btn quiet" type="button" onClick={onDone}>Cancel</button>
      </div>
    </form>
  );
}
