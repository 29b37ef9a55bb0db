// Mouse, wheel, pen and fingers on a stack of charts, as what they mean. Positions are shares of the
// time axis, 0 at its left end. One finger scrolls the page; its taps and sideways moves set the cursor.

export interface GestureHandlers {
  /** The time axis on the screen now, in client pixels. */
  axis(): { left_px: number; width_px: number };
  setCursor(share: number | null): void;
  /** A stretch being marked with the mouse; null when it ended or was given up. */
  showSelection(selection: [number, number] | null): void;
  zoomTo(selection: [number, number]): void;
  zoomAt(share: number, factor: number): void;
  panBy(share: number): void;
  pinch(start: [number, number], now: [number, number]): void;
  /** The hand is off: what was moved may be kept. */
  settle(): void;
  back(): void;
}

export interface WheelRule {
  /** True: the wheel zooms when the pointer rests on the chart. False: only with Ctrl or after a click. */
  isFree: boolean;
}

const DRAG_PX = 4;
const DOUBLE_TAP_MS = 350;
const TAP_PX = 24;
const WHEEL_SETTLE_MS = 250;
const SCROLL_REST_MS = 500; // a page that is being scrolled goes on scrolling over the chart
const WHEEL_LINE_PX = 16; // browsers that count lines
const ZOOM_PER_PX = 0.0022;

/** Listen on `target`; the answer stops listening. */
export function listen(target: HTMLElement, handlers: GestureHandlers, wheel: WheelRule): () => void {
  const stop = new AbortController();
  const shareAt = (client_px: number): number => {
    const { left_px, width_px } = handlers.axis();
    return (client_px - left_px) / Math.max(1, width_px);
  };
  listenMouse(target, handlers, shareAt, stop.signal);
  listenTouch(target, handlers, shareAt, stop.signal);
  listenWheel(target, handlers, shareAt, wheel, stop.signal);
  return () => stop.abort();
}

type ShareAt = (client_px: number) => number;
const clamped = (share: number): number => Math.min(1, Math.max(0, share));

function listenMouse(target: HTMLElement, handlers: GestureHandlers, shareAt: ShareAt, signal: AbortSignal): void {
  let held: { x: number; isPan: boolean; isMoved: boolean; last: number } | null = null;
  const isTouch = (event: PointerEvent): boolean => event.pointerType === "touch";

  target.addEventListener("pointerdown", (event) => {
    if (isTouch(event) || event.button !== 0 || !isOnPlot(event)) return;
    held = { x: event.clientX, isPan: event.shiftKey, isMoved: false, last: shareAt(event.clientX) };
  }, { signal });

  target.addEventListener("pointermove", (event) => {
    if (isTouch(event)) return;
    const share = shareAt(event.clientX);
    if (!held) {
      handlers.setCursor(share >= 0 && share <= 1 && isOnPlot(event) ? share : null);
      return;
    }
    if (!held.isMoved && Math.abs(event.clientX - held.x) <= DRAG_PX) return;
    if (!held.isMoved) target.setPointerCapture(event.pointerId); // earlier, clicks would miss the plot
    held.isMoved = true;
    if (held.isPan) handlers.panBy(held.last - share);
    else handlers.showSelection([clamped(shareAt(held.x)), clamped(share)]);
    held.last = share;
  }, { signal });

  const release = (event: PointerEvent, isKept: boolean): void => {
    if (!held || isTouch(event)) return;
    const { x, isPan, isMoved } = held;
    held = null;
    handlers.showSelection(null);
    if (!isMoved) return;
    if (isPan) handlers.settle();
    else if (isKept) handlers.zoomTo([clamped(shareAt(x)), clamped(shareAt(event.clientX))]);
  };
  target.addEventListener("pointerup", (event) => release(event, true), { signal });
  target.addEventListener("pointercancel", (event) => release(event, false), { signal });
  target.addEventListener("pointerleave", (event) => {
    if (isTouch(event)) return;
    if (!held?.isMoved) held = null;
    if (!held) handlers.setCursor(null);
  }, { signal });
  target.addEventListener("dblclick", (event) => {
    if (isOnPlot(event)) handlers.back();
  }, { signal });
}

const isOnPlot = (event: Event): boolean => event.target instanceof Element && event.target.closest(".plot") !== null;

function listenTouch(target: HTMLElement, handlers: GestureHandlers, shareAt: ShareAt, signal: AbortSignal): void {
  let pair: [number, number] | null = null;
  let tap = { time_ms: -Infinity, x: 0, y: 0 };
  const shares = (event: TouchEvent): [number, number] => {
    const [a, b] = [event.touches[0], event.touches[1]];
    return [shareAt(a?.clientX ?? 0), shareAt(b?.clientX ?? 0)];
  };

  target.addEventListener("touchstart", (event) => {
    if (!isOnPlot(event)) return;
    if (event.touches.length === 2) {
      event.preventDefault();
      pair = shares(event);
      return;
    }
    const touch = event.touches[0];
    if (!touch || event.touches.length > 2) return;
    const isDouble = event.timeStamp - tap.time_ms < DOUBLE_TAP_MS &&
      Math.hypot(touch.clientX - tap.x, touch.clientY - tap.y) < TAP_PX;
    tap = { time_ms: isDouble ? -Infinity : event.timeStamp, x: touch.clientX, y: touch.clientY };
    if (isDouble) handlers.back();
    else handlers.setCursor(clamped(shareAt(touch.clientX)));
  }, { signal, passive: false });

  target.addEventListener("touchmove", (event) => {
    if (pair && event.touches.length === 2) {
      event.preventDefault();
      handlers.pinch(pair, shares(event));
    } else if (!pair && event.touches.length === 1 && isOnPlot(event)) {
      handlers.setCursor(clamped(shareAt(event.touches[0]?.clientX ?? 0)));
    }
  }, { signal, passive: false });

  const end = (event: TouchEvent): void => {
    if (!pair || event.touches.length >= 2) return;
    pair = null;
    tap.time_ms = -Infinity;
    handlers.settle();
  };
  target.addEventListener("touchend", end, { signal });
  target.addEventListener("touchcancel", end, { signal });
}

function listenWheel(
  target: HTMLElement, handlers: GestureHandlers, shareAt: ShareAt, rule: WheelRule, signal: AbortSignal,
): void {
  let timer = 0;
  let scrolled_ms = -Infinity;
  window.addEventListener("scroll", () => (scrolled_ms = performance.now()), { signal, passive: true });
  const isMeant = (event: WheelEvent): boolean => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return true; // trackpad pinches arrive with ctrlKey
    if (target.contains(document.activeElement)) return true;
    return rule.isFree && performance.now() - scrolled_ms > SCROLL_REST_MS;
  };

  target.addEventListener("wheel", (event) => {
    if (!isOnPlot(event) || !isMeant(event)) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? WHEEL_LINE_PX : 1;
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
      handlers.panBy((sideways * unit) / Math.max(1, handlers.axis().width_px));
    } else {
      const pinchGain = event.ctrlKey ? 4 : 1; // trackpads send small steps
      handlers.zoomAt(clamped(shareAt(event.clientX)), Math.exp(event.deltaY * unit * ZOOM_PER_PX * pinchGain));
    }
    clearTimeout(timer);
    timer = window.setTimeout(() => handlers.settle(), WHEEL_SETTLE_MS);
  }, { signal, passive: false });
}
