// What this viewer chose, kept in the browser: theme, units. Storage may be forbidden; then the
// choice holds until the page is left.
import { effect, signal, type Signal } from "@preact/signals";

export type Units = "metric" | "imperial";
export type Theme = "system" | "light" | "dark" | "contrast" | "sun";

function kept<T extends string>(key: string, allowed: readonly T[], usual: T): Signal<T> {
  const read = (): T => {
    try {
      const value = localStorage.getItem(key) as T | null;
      return value !== null && allowed.includes(value) ? value : usual;
    } catch {
      return usual;
    }
  };
  const choice = signal(read());
  effect(() => {
    try {
      if (choice.value === usual) localStorage.removeItem(key);
      else localStorage.setItem(key, choice.value);
    } catch {
      /* private mode: nothing to keep it in */
    }
  });
  return choice;
}

export const THEMES = ["system", "light", "dark", "contrast", "sun"] as const;
export const UNITS = ["metric", "imperial"] as const;
export const FLEET_VIEWS = ["tiles", "table", "wall"] as const;

export const theme = kept<Theme>("telltale.theme", THEMES, "system");
export const units = kept<Units>("telltale.units", UNITS, "metric");
export const fleetView = kept("telltale.fleet", FLEET_VIEWS, "tiles");
