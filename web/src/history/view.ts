// What the History page shows, as its address says it: a link shows another person the same picture.

import type { Range } from "../charts/range";
import { checked } from "../charts/range";
import type { TrendForm } from "../charts/trends";
import { historyPath } from "../router";

export interface View {
  range: Range | null; // null: the last `last_s` of the machine, following it
  last_s: number; // kept while a range stands still: "back" returns to it
  names: readonly string[] | null; // null: what the profile charts
  offset_s: number | null; // a second range, this much earlier
  form: TrendForm;
  isJoined: boolean; // signals of one unit share a chart
}

const FORMS: readonly TrendForm[] = ["chart", "table", "both"];
export const USUAL_LAST_S = 3600;

export function readView(query: URLSearchParams): View {
  const range = checked(seconds(query.get("from")), seconds(query.get("to")));
  const last_s = Number(query.get("last"));
  const offset_s = Number(query.get("over"));
  return {
    range,
    last_s: last_s > 0 && Number.isFinite(last_s) ? last_s : USUAL_LAST_S,
    names: query.get("ch")?.split(",").filter(Boolean) ?? null,
    offset_s: offset_s !== 0 && Number.isFinite(offset_s) ? offset_s : null,
    form: FORMS.find((form) => form === query.get("view")) ?? "chart",
    isJoined: query.get("join") === "1",
  };
}

const seconds = (text: string | null): number => (text === null ? NaN : Date.parse(text) / 1000);

export function viewPath(machine: string, view: View): string {
  const parts: [string, string | null][] = [
    ["from", view.range && iso(view.range.from_s)],
    ["to", view.range && iso(view.range.to_s)],
    ["last", view.last_s === USUAL_LAST_S ? null : String(view.last_s)],
    ["ch", view.names && view.names.join(",")],
    ["over", view.offset_s === null ? null : String(Math.round(view.offset_s * 1000) / 1000)],
    ["view", view.form === "chart" ? null : view.form],
    ["join", view.isJoined ? "1" : null],
  ];
  const said = parts.filter((part): part is [string, string] => part[1] !== null);
  const query = said.map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
  return historyPath(machine) + (query.length ? `?${query.join("&")}` : "");
}

const iso = (at_s: number): string => new Date(at_s * 1000).toISOString();
