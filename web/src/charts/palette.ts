// The design tokens as canvas colours. Read once per theme; charts repaint when the theme changes.

import { useEffect, useState } from "preact/hooks";

const TOKENS = [
  "ink", "ink-2", "ink-3", "surface", "sunken", "line-strong", "grid", "axis-ink", "band", "learnt",
  "warn-line", "warn-ink", "crit-line", "crit-ink", "lamp-off", "learn",
  "series-1", "series-2", "series-3", "series-4", "series-5",
] as const;

type Token = (typeof TOKENS)[number];

export interface Palette {
  color: Record<Token, string>;
  font: string;
  fontStrong: string;
  axis_px: number;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const size_px = 0.6875 * parseFloat(style.fontSize);
  const color = Object.fromEntries(TOKENS.map((token) => [token, read(token)])) as Record<Token, string>;
  return {
    color,
    font: `400 ${size_px}px ${read("font")}`,
    fontStrong: `600 ${size_px}px ${read("font")}`,
    axis_px: parseFloat(read("axis")) || 44,
  };
}

const QUERIES = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(max-width: 640px)", "(min-width: 2200px)"];

/** The palette of the moment; a new object whenever the theme or the layout's width class changes. */
export function usePalette(): Palette {
  const [palette, setPalette] = useState(readPalette);
  useEffect(() => {
    const refresh = (): void => setPalette(readPalette());
    const watcher = new MutationObserver(refresh);
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const queries = QUERIES.map((query) => matchMedia(query));
    for (const query of queries) query.addEventListener("change", refresh);
    return () => {
      watcher.disconnect();
      for (const query of queries) query.removeEventListener("change", refresh);
    };
  }, []);
  return palette;
}
