// Wall: the fleet on a screen nobody touches. No controls, the worst machine double width; what does
// not fit is shown in turn, every 20 seconds. The annunciator always shows every machine.
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, zone } from "../format";
import { LiveBadge } from "../badge";
import { Annunciator } from "./fleet";
import { fleetView } from "../settings";
import { briefs, now } from "../store";
import { Tile } from "../tile";
import { Toasts } from "../toast";

const PAGE_MS = 20_000;
const TILE_WIDTH_REM = 18; // as .wall .tiles in parts.css
const TILE_HEIGHT_REM = 15.25; // the least a tile needs, as there; rows share what is left over

/** How many tiles fit, counting the worst one double. */
function useRoom() {
  const host = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(12);
  useEffect(() => {
    const measure = (): void => {
      const box = host.current;
      if (box === null) return; // the observer may speak once more when the wall is left
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const { clientWidth, clientHeight } = box;
      const gap_px = parseFloat(getComputedStyle(box).rowGap);
      const tile_px = TILE_HEIGHT_REM * rem;
      const columns = Math.max(1, Math.floor((clientWidth + gap_px) / (TILE_WIDTH_REM * rem + gap_px)));
      const rows = Math.max(1, Math.floor((clientHeight + gap_px) / (tile_px + gap_px)));
      setRoom(Math.max(1, columns * rows - (columns > 1 ? 1 : 0)));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(host.current!);
    return () => observer.disconnect();
  }, []);
  return { host, room };
}

function useTurn(pages: number): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (pages < 2) return;
    const timer = setInterval(() => setTurn((n) => n + 1), PAGE_MS);
    return () => clearInterval(timer);
  }, [pages]);
  return turn % Math.max(1, pages);
}

function useEscape(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") fleetView.value = "tiles";
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

export function Wall({ finding, text }: { finding: string; text: string }) {
  useEscape();
  const { host, room } = useRoom();
  const list = briefs.value;
  const pages = Math.ceil(list.length / room);
  const page = useTurn(pages);
  return (
    <main class="wall" id="main" tabIndex={-1}>
      <div class="row">
        <div class="grow"><h1>{finding}</h1><p class="soft">{text}</p></div>
        {pages > 1 && <span class="muted nowrap">{page + 1} of {pages}</span>}
        <LiveBadge />
        <span class="muted nowrap">{clock(now.value)} {zone()}</span>
        <button class="btn quiet leave" onClick={() => (fleetView.value = "tiles")}>Leave the wall</button>
      </div>
      <Annunciator />
      <div class="tiles" ref={host}>
        {list.slice(page * room, (page + 1) * room).map((one, i) => <Tile key={one.id} id={one.id} wide={page === 0 && i === 0} />)}
      </div>
      <Toasts />
    </main>
  );
}
