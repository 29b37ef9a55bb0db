// Metric cell: name, value with unit, age, analog range with the last minute, ends of the scale.
import { age, interval } from "./format";
import { Lamp } from "./lamp";
import { Range } from "./range";
import { stateShape, tone } from "./states";
import { shown, toShown } from "./units";
import { scaleEnds, scaleOf, valueText } from "./values";
import type { LiveValue } from "./store";
import type { SignalSpec } from "./types";

interface CellProps {
  name: string;
  spec: SignalSpec;
  value: LiveValue | undefined;
  seen: [number, number] | null;
  nowMs: number;
}

export function Cell({ name, spec, value, seen, nowMs }: CellProps) {
  const reading = value?.value ?? null;
  const state = reading === null ? "none" : tone(value!.state);
  const as = shown(spec);
  const ageText = value?.atMs == null ? "never" : age((nowMs - value.atMs) / 1000);
  return (
    <div class={`cell ${state}`} data-name={name}>
      <div class="name">
        <span class="cut" title={spec.title}>{spec.title}</span>
        {state !== "ok" && <Lamp lit={reading === null ? "none" : stateShape(value!.state).lit} size="s" label={reading === null ? "No reading" : undefined} />}
      </div>
      <div class="val">
        {reading === null ? <span>no reading</span> : <Figure text={valueText(reading, spec, as)} unit={as.symbol} />}
        {value?.filled && <span class="age" title="The last reading, carried forward">held</span>}
        <span class="age">{ageText}</span>
      </div>
      <Range spec={spec} value={value} seen={seen} />
      <Ends spec={spec} seen={seen} />
    </div>
  );
}

const Figure = ({ text, unit }: { text: string; unit: string }) => (
  <>
    <span class="n">{text}</span>
    {unit && <span class="unit">{unit}</span>}
  </>
);

function Ends({ spec, seen }: { spec: SignalSpec; seen: [number, number] | null }) {
  const scale = scaleOf(spec, seen);
  if (scale === null) return <div class="ends" />;
  const as = shown(spec);
  const [low, high] = scaleEnds(scale, as);
  const normal = spec.normal ? interval(toShown(spec.normal[0], as), toShown(spec.normal[1], as), Math.min(2, as.decimals)) : null;
  return (
    <div class="ends">
      <span>{low}</span>
      {normal && <span class="cut"><span class="normal-word">normal </span>{normal}</span>}
      <span>{high}</span>
    </div>
  );
}
