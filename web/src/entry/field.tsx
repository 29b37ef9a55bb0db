// One channel in the entry form: unit in the field, allowed range below, what is wrong in its place.

import { interval } from "../format";
import { Lamp } from "../lamp";
import type { SignalSpec } from "../types";
import { shown, toShown } from "../units";
import { allowed, checkTyped } from "./check";

interface FieldProps {
  name: string;
  spec: SignalSpec;
  text: string;
  placeholder: string;
  isChecked: boolean; // say what is wrong: after the field was left or the form was sent
  onText: (text: string) => void;
  onLeft: () => void;
}

export function EntryField({ name, spec, text, placeholder, isChecked, onText, onLeft }: FieldProps) {
  const as = shown(spec);
  const words = Object.entries(spec.codes ?? {});
  if (words.length > 0) {
    return (
      <label class="field">
        <span>{spec.title}</span>
        <select name={name} value={text} onChange={(event) => onText(event.currentTarget.value)}>
          <option value="">not entered</option>
          {words.map(([word, code]) => <option key={word} value={String(code)}>{word}</option>)}
        </select>
        <span class="hint">&nbsp;</span>
      </label>
    );
  }
  const typed = checkTyped(text, spec, as);
  const bad = isChecked && typed.kind === "bad" ? typed : null;
  const hint = `hint-${name}`;
  return (
    <div class={`field ${bad ? "bad" : ""}`}>
      <label for={`entry-${name}`}>{spec.title}</label>
      <span class="with-unit">
        <input
          id={`entry-${name}`} name={name} inputMode="decimal" autocomplete="off" value={text} placeholder={placeholder}
          aria-invalid={bad !== null} aria-describedby={hint} onInput={(event) => onText(event.currentTarget.value)} onBlur={onLeft}
        />
        <span aria-hidden="true">{as.symbol}</span>
      </span>
      {bad
        ? <span class="hint" id={hint}>
            <Lamp lit="fail" size="s" label="" />
            <span>{bad.message} {bad.suggestion !== null && <button type="button" class="suggest" onClick={() => onText(bad.suggestion ?? "")}>Did you mean {bad.suggestion}?</button>}</span>
          </span>
        : <span class="hint" id={hint}>{rangeHint(spec)}</span>}
    </div>
  );
}

function rangeHint(spec: SignalSpec): string {
  const as = shown(spec);
  const range = allowed(spec, as);
  const decimals = Math.min(2, as.decimals);
  const normal = spec.normal ? `normal ${interval(toShown(spec.normal[0], as), toShown(spec.normal[1], as), decimals)}` : "";
  const between = range ? `${interval(range[0], range[1], decimals)} ${as.symbol}`.trim() : "";
  return [between, normal].filter(Boolean).join(", ") || "any number";
}
