// How wide an element is and whether anybody can see it.

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

export function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width_px, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = (): void => setWidth(Math.floor(element.clientWidth));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return width_px;
}

/** True while the element is on the screen and the page is in front. */
export function useSeen(ref: RefObject<HTMLElement | null>, isAtFirst = true): boolean {
  const [isOnScreen, setOnScreen] = useState(isAtFirst);
  const [isInFront, setInFront] = useState(!document.hidden);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver((entries) => setOnScreen(entries.at(-1)?.isIntersecting ?? true));
    observer.observe(element);
    const turned = (): void => setInFront(!document.hidden);
    document.addEventListener("visibilitychange", turned);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", turned);
    };
  }, []);
  return isOnScreen && isInFront;
}
