// Puts the chosen theme on the document. "system" leaves the attribute away: tokens.css follows the
// system, except for its wish for more contrast, which is a theme of its own here.
import { effect, signal } from "@preact/signals";
import { theme } from "./settings";

const moreContrast = matchMedia("(prefers-contrast: more)");
const prefersContrast = signal(moreContrast.matches);

/** Grows when colours changed; what draws on a canvas draws again. */
export const themeVersion = signal(0);

export function startTheme(): void {
  moreContrast.addEventListener("change", () => (prefersContrast.value = moreContrast.matches));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (themeVersion.value += 1));
  effect(() => {
    const chosen = theme.value === "system" && prefersContrast.value ? "contrast" : theme.value;
    if (chosen === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = chosen;
    themeVersion.value = themeVersion.peek() + 1;
  });
}
