// Settings of a kind of model: what must be said openly, the rest folded away with its usual value.
import type { Setting } from "../models/kinds";
import { settingWords } from "../models/kinds";
import { specOf } from "../store";
import type { Profile } from "../types";

interface SettingsProps {
  settings: readonly Setting[];
  typed: Readonly<Record<string, string>>;
  onTyped: (typed: Record<string, string>) => void;
  profile: Profile;
}

export function Settings({ settings, typed, onTyped, profile }: SettingsProps) {
  const isFirst = ({ name, isNeeded }: Setting): boolean => isNeeded || name === "horizon_s";
  const fields = (shown: readonly Setting[]) => shown.map((one) => (
    <SettingField key={one.name} setting={one} value={typed[one.name] ?? ""} onValue={(value) => onTyped({ ...typed, [one.name]: value })} profile={profile} />
  ));
  const rest = settings.filter((one) => !isFirst(one));
  return (
    <>
      {fields(settings.filter(isFirst))}
      {rest.length > 0 && <details class="more"><summary>Finer settings</summary><div class="stack">{fields(rest)}</div></details>}
    </>
  );
}

interface FieldProps {
  setting: Setting;
  value: string;
  onValue: (value: string) => void;
  profile: Profile;
}

function SettingField({ setting: { name, type, choices, isNeeded, usual }, value, onValue, profile }: FieldProps) {
  const put = (event: Event): void => onValue((event.currentTarget as HTMLInputElement).value);
  const options = type === "channel" ? Object.keys(profile.channels) : type === "boolean" ? ["true", "false"] : choices;
  const titleOf = (one: string): string => (type === "channel" ? specOf(profile, one)?.title ?? one : type === "boolean" ? (one === "true" ? "yes" : "no") : one.replaceAll("_", " "));
  return (
    <label class="field">
      <span>{settingWords(name)}</span>
      {options.length > 0
        ? <select value={value} required={isNeeded} onChange={put}><option value="">{usual ? `usually ${titleOf(usual)}` : "choose"}</option>{options.map((one) => <option key={one} value={one}>{titleOf(one)}</option>)}</select>
        : <input value={value} required={isNeeded} inputMode={type === "string" ? "text" : "decimal"} autocomplete="off" placeholder={usual} pattern={type === "string" ? undefined : "[\\-+]?[0-9]*[.]?[0-9]*(e[\\-+]?[0-9]+)?"} onInput={put} />}
    </label>
  );
}
