// Switches of a machine's simulator: what it does, and which faults it has, how badly.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import { Simulated } from "./lamp";
import type { Simulator, SimulatorFault } from "./types";

const SEND_AFTER_MS = 150; // a dragged slider sends its last place, not each one
const words = (name: string): string => name.replaceAll("_", " ");

function useSimulator(id: string) {
  const [simulator, setSimulator] = useState<Simulator | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const take = (answer: Promise<Simulator>): void => {
    answer.then(
      (it) => {
        setSimulator(it);
        setProblem(null);
      },
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    );
  };
  useEffect(() => take(api.simulator(id)), [id]);
  return { simulator, problem, change: (what: Parameters<typeof api.changeSimulator>[1]) => take(api.changeSimulator(id, what)) };
}

export function SimulatorPanel({ id, title = "Simulator" }: { id: string; title?: string }) {
  const { simulator, problem, change } = useSimulator(id);
  return (
    <section class="panel">
      <header><h2>{title}</h2><span class="push"><Simulated /></span></header>
      <div class="body stack">
        {problem && <p class="small ink-crit">{problem}</p>}
        {simulator === null && !problem && <p class="small muted">Asking for its switches.</p>}
        {simulator && simulator.scenarios.length > 0 && (
          <label class="field">
            Scenario
            <select value={simulator.scenario ?? ""} onChange={(event) => change({ scenario: event.currentTarget.value })}>
              {simulator.scenarios.map((name) => <option key={name} value={name}>{words(name)}</option>)}
            </select>
          </label>
        )}
        {simulator?.faults.map((fault) => (
          <FaultSwitch key={fault.name} fault={fault} onChange={(severity) => change({ faults: { [fault.name]: severity } })} />
        ))}
        {simulator?.faults.length === 0 && <p class="small muted">This simulator has no faults to switch.</p>}
      </div>
    </section>
  );
}

function FaultSwitch({ fault, onChange }: { fault: SimulatorFault; onChange: (severity: number) => void }) {
  const [severity, setSeverity] = useState(fault.severity);
  const [timer, setTimer] = useState(0);
  useEffect(() => setSeverity(fault.severity), [fault.severity]);
  const drag = (next: number): void => {
    setSeverity(next);
    clearTimeout(timer);
    setTimer(window.setTimeout(() => onChange(next), SEND_AFTER_MS));
  };
  return (
    <div class="fault" title={fault.description}>
      <label class="switch">
        <input type="checkbox" role="switch" checked={fault.on} onChange={(event) => onChange(event.currentTarget.checked ? 1 : 0)} />
        <span>{fault.title}</span>
      </label>
      {fault.on && <p class="what small muted">{fault.description}</p>}
      {fault.on && (
        <label class="severity">
          <span class="sr">Severity of {fault.title}</span>
          <input class="slider" type="range" min={0.05} max={1} step={0.05} value={severity} onInput={(event) => drag(Number(event.currentTarget.value))} />
          <span class="small muted num">{Math.round(severity * 100)} %</span>
        </label>
      )}
    </div>
  );
}
