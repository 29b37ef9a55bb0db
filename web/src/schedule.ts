// One redraw clock for the whole page: at most 30 a second, none while the page is hidden.

const MIN_GAP_MS = 1000 / 30;
const due = new Set<() => void>();
let asked = false;
let lastMs = 0;

function run(nowMs: number): void {
  if (nowMs - lastMs < MIN_GAP_MS - 1) {
    requestAnimationFrame(run);
    return;
  }
  lastMs = nowMs;
  asked = false;
  const jobs = [...due];
  due.clear();
  for (const job of jobs) job();
}

/** Run a job with the next redraw; asking twice before it runs is asking once. */
export function onRedraw(job: () => void): void {
  due.add(job);
  if (asked) return;
  asked = true;
  requestAnimationFrame(run);
}

export function forgetRedraw(job: () => void): void {
  due.delete(job);
}
