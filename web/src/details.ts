// What only one kind of source can tell, in words: text and numbers, and lists and groups of them. Pure.
import { brief, dateTime, msOf } from "./format";

const MAX_TOLD = 24; // of one list or group; the API has all of it

/** "baud 38,400, port /dev/ttyUSB0"; "" where there is nothing to say. `name` says what the value is of. */
export function detailWords(value: unknown, name = ""): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return name.endsWith("_ns") ? dateTime(msOf(value)) : brief(value, 2);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return listed(value.map((one) => detailWords(one)), value.some(isGroup) ? "; " : ", ");
  if (!isGroup(value)) return String(value);
  const parts = Object.entries(value).map(([key, one]) => [key, detailWords(one, key)]);
  return listed(parts.map(([key, words]) => (words ? `${detailName(key!)} ${words}` : "")), Object.values(value).some(isGroup) ? "; " : ", ");
}

/** "last" of "last_ns": the value says that it is a time. */
export const detailName = (name: string): string => name.replace(/_ns$/, "").replaceAll("_", " ");

const isGroup = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function listed(words: readonly string[], between: string): string {
  const said = words.filter(Boolean);
  const rest = said.length - MAX_TOLD;
  return [...said.slice(0, MAX_TOLD), ...(rest > 0 ? [`${rest} more`] : [])].join(between);
}
