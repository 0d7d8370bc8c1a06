import { signal } from "@preact/signals";

const TICK_MS = 1_000;

/** The server's time in epoch milliseconds, each second: for ages. It rests while the page is hidden. */
export const now = signal(Date.now());

let aheadMs = 0;

/** Sets the clock by a time that the server has just sent: ages do not depend on this machine's clock. */
export function setClock(serverMs: number): void {
  aheadMs = serverMs - Date.now();
  now.value = serverMs;
}

/** The server's time at this moment, in epoch milliseconds. */
export function serverNow(): number {
  return Date.now() + aheadMs;
}

setInterval(() => {
  if (!document.hidden) now.value = serverNow();
}, TICK_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) now.value = serverNow();
});
