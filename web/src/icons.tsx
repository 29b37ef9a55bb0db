// Line icons on a 16 px grid, one path each.

const PATHS = {
  fleet: "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9H7v4.5H2.5zM9 9h4.5v4.5H9z",
  machine: "M2 9.5h2.5l1.5-5 3 8 1.8-4.5H14",
  history: "M8 4.5V8l2.5 1.5M3 4.5V2M3 4.5h2.5M3.2 4.5A6 6 0 1 1 2 8",
  models: "M2.5 4.5h5M10.5 4.5h3M9 3v3M2.5 8h2M7.5 8h6M6 6.5v3M2.5 11.5h7M12.5 11.5h1M11 10v3",
  import: "M8 2v7.5M5 6.8 8 9.8l3-3M2.5 10.5v3h11v-3",
  entry: "M10.5 2.8 13.2 5.5 6 12.7l-3.3.6.6-3.3zM9 4.3 11.7 7",
  sources: "M5.5 2v3M10.5 2v3M4 5h8v2.5a4 4 0 0 1-8 0zM8 11.5V14",
  states: "M8 2a4 4 0 0 1 2.5 7.1V11h-5V9.1A4 4 0 0 1 8 2M6.5 13.5h3",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  display: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { name: IconName }) => (
  <svg width={16} height={16} viewBox="0 0 16 16" fill="none" stroke="currentColor" aria-hidden="true"
    stroke-width={name === "more" ? 2.4 : 1.4} stroke-linecap="round" stroke-linejoin="round">
    <path d={PATHS[name]} />
  </svg>
);
