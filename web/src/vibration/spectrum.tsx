// The envelope spectrum over its background, with the lines that a damaged part would draw.
import { useRef } from "preact/hooks";
import { useWidth } from "../charts/measure";
import { roundStep } from "../charts/ticks";
import { brief, number } from "../format";
import type { Answer, Spectrum, SpectrumLine } from "./api";
import { lineWords, standing } from "./words";

const HEIGHT_PX = 220;
const [LEFT_PX, RIGHT_PX, TOP_PX, FOOT_PX] = [40, 10, 30, 22];
const NAMED = 8;
const PX_PER_TICK = 90;
const PX_PER_LETTER = 6.2;

export function SpectrumChart({ spectrum, lines, answer }: { spectrum: Spectrum; lines: readonly SpectrumLine[]; answer: Answer }) {
  const box = useRef<HTMLDivElement>(null);
  const width_px = useWidth(box);
  const end_hz = spectrum.hz.at(-1) ?? 1;
  const top = Math.max(4, ...spectrum.ratio) * 1.1;
  const plot_px = Math.max(1, width_px - LEFT_PX - RIGHT_PX);
  const x = (hz: number): number => LEFT_PX + (hz / end_hz) * plot_px;
  // Logarithmic from the background on: a line of 3 is seen beside one of 100, and what is below is nothing.
  const y = (ratio: number): number => TOP_PX + (1 - Math.log(Math.max(1, ratio)) / Math.log(top)) * (HEIGHT_PX - TOP_PX - FOOT_PX);
  const path = spectrum.hz.map((hz, i) => `${i === 0 ? "M" : "L"}${x(hz).toFixed(1)} ${y(spectrum.ratio[i]!).toFixed(1)}`).join("");
  const found = standing(lines, answer).filter((line) => line.found_hz <= end_hz).slice(0, NAMED);
  const step_hz = roundStep(end_hz / Math.max(2, plot_px / PX_PER_TICK));
  const ticks = Array.from({ length: Math.floor(end_hz / step_hz) + 1 }, (_, i) => i * step_hz);
  const levels = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].filter((one) => one <= top);
  return (
    <div ref={box} class="spectrum" style={{ height: `${HEIGHT_PX}px` }}>
      {width_px > 0 && (
        <svg width={width_px} height={HEIGHT_PX} role="img" aria-label={spoken(spectrum, found)}>
          {levels.map((level) => <g key={level}><line class="rule" x1={LEFT_PX} x2={width_px - RIGHT_PX} y1={y(level)} y2={y(level)} /><text class="tick" x={LEFT_PX - 6} y={y(level) + 4} text-anchor="end">{level}</text></g>)}
          {ticks.map((hz) => <text key={hz} class="tick" x={x(hz)} y={HEIGHT_PX - 6} text-anchor="middle">{brief(hz, 1)}</text>)}
          {found.map((line) => <line key={`${line.part} ${lineWords(line)}`} class="mark" x1={x(line.found_hz)} x2={x(line.found_hz)} y1={TOP_PX} y2={HEIGHT_PX - FOOT_PX} />)}
          <path class="line" d={path} />
          {named(found, x, width_px).map(({ line, at_px, row }) => <text key={`${line.part} ${lineWords(line)}`} class="name" x={at_px} y={TOP_PX - 4 - row * 13} text-anchor="middle">{lineWords(line)}</text>)}
        </svg>
      )}
    </div>
  );
}

interface Name {
  line: SpectrumLine;
  at_px: number;
  row: number;
}

/** The strongest lines get their names, on two rows, each only where it touches no other. */
function named(found: readonly SpectrumLine[], x: (hz: number) => number, width_px: number): Name[] {
  const placed: (Name & { from: number; to: number })[] = [];
  for (const line of found) {
    const half = (lineWords(line).length * PX_PER_LETTER) / 2 + 3;
    const at_px = Math.min(width_px - half, Math.max(half, x(line.found_hz)));
    const row = [0, 1].find((one) => placed.every((other) => other.row !== one || at_px + half < other.from || at_px - half > other.to));
    if (row !== undefined) placed.push({ line, at_px, row, from: at_px - half, to: at_px + half });
  }
  return placed;
}

function spoken(spectrum: Spectrum, found: readonly SpectrumLine[]): string {
  const said = found.map((line) => `${lineWords(line)} at ${brief(line.found_hz, 1)} Hz, ${number(line.ratio, 1)} times the background`);
  return `Envelope spectrum to ${brief(spectrum.hz.at(-1) ?? 0, 0)} Hz. ${said.length === 0 ? "No line that was looked for stands out." : `${said.join("; ")}.`}`;
}
