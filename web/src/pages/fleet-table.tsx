// The fleet as a table: the tiles' twin, for many machines and for those who do not see pictures.
import { age, countText, rate, tied } from "../format";
import { Simulated, State } from "../lamp";
import { machinePath } from "../router";
import { stateShape, stateWord } from "../states";
import { briefs, machineSignal, nowFor } from "../store";

export const FleetTable = () => (
  <section class="panel">
    <div class="scroll" tabIndex={0} role="region" aria-label="Machines, worst first">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Machine</th><th scope="col">State</th><th scope="col">Finding</th>
            <th scope="col" class="num">Newest</th><th scope="col" class="num">Rate</th>
            <th scope="col" class="num">Rows</th><th scope="col" class="num">Rejected</th>
          </tr>
        </thead>
        <tbody>{briefs.value.map((one) => <Row key={one.id} id={one.id} />)}</tbody>
      </table>
    </div>
  </section>
);

function Row({ id }: { id: string }) {
  const machine = machineSignal(id)?.value;
  if (machine === undefined) return null;
  const { lit } = stateShape(machine.state);
  return (
    <tr>
      <th scope="row" class="nowrap">
        <a class="strong" href={machinePath(id)}>{machine.title}</a>
        <div class="small muted">{machine.inferred ? "Inferred profile" : machine.profile_title}{machine.place ? ` · ${machine.place}` : ""}</div>
        {machine.simulated && <Simulated />}
      </th>
      <td><State lit={lit} word={stateWord(machine)} /></td>
      <td class="soft">{tied(machine.headline ?? "")}</td>
      <td class="num">{machine.atMs === null ? "never" : age((nowFor(machine) - machine.atMs) / 1000)}</td>
      <td class="num">{machine.rate_hz ? rate(machine.rate_hz) : ""}</td>
      <td class="num">{countText(machine.rows)}</td>
      <td class="num">{countText(machine.rejected)}</td>
    </tr>
  );
}
