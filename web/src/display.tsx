// The display menu: theme and units, remembered in this browser.
import type { Signal } from "@preact/signals";
import { Icon } from "./icons";
import { Popover } from "./popover";
import { theme, THEMES, units, UNITS } from "./settings";

const THEME_WORDS: Record<(typeof THEMES)[number], [string, string]> = {
  system: ["As the system", "follows the device"],
  light: ["Light", "offices and plants"],
  dark: ["Dark", "control rooms"],
  contrast: ["High contrast", "night, low vision"],
  sun: ["Sunlight", "outdoors"],
};
const UNIT_WORDS: Record<(typeof UNITS)[number], [string, string]> = {
  metric: ["Metric", "°C, bar, km/h, L/min"],
  imperial: ["Imperial", "°F, psi, mph, gpm"],
};

interface ChoiceProps<T extends string> {
  title: string;
  name: string;
  choice: Signal<T>;
  words: Record<T, [string, string]>;
}

function Choice<T extends string>({ title, name, choice, words }: ChoiceProps<T>) {
  return (
    <fieldset>
      <legend>{title}</legend>
      {(Object.entries(words) as [T, [string, string]][]).map(([value, [word, hint]]) => (
        <label key={value}>
          <input type="radio" name={name} checked={choice.value === value} onChange={() => (choice.value = value)} />
          <span>{word}</span>
          <small>{hint}</small>
        </label>
      ))}
    </fieldset>
  );
}

export const DisplayMenu = () => (
  <Popover label={<Icon name="display" />} name="Display: theme and units" buttonClass="btn quiet">
    {() => (
      <>
        <Choice title="Theme" name="theme" choice={theme} words={THEME_WORDS} />
        <Choice title="Units" name="units" choice={units} words={UNIT_WORDS} />
      </>
    )}
  </Popover>
);
