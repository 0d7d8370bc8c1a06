import type { Clock } from "@weir/clock";
import { grouped } from "@weir/command-line";
import { print, type Screen } from "@weir/fault";
import { isoMicroseconds } from "./iso-time.ts";

/** How far a command has got. */
export interface Progress {
  messages: number;
  /** The time of reception that it has reached, `null` at first. */
  reachedUs: number | null;
}

/** Shows the progress of a command to somebody who waits for it. */
export interface ProgressLine {
  show(progress: Progress): void;
  /** Takes the line away, to make room for words. */
  clear(): void;
}

export interface ProgressLineOptions {
  /** Where the line is shown; nothing is, where that is not a terminal. */
  terminal: Screen;
  clock: Clock;
  /** `null` until the first message tells it. */
  fromUs: number | null;
  toUs: number;
}

const INTERVAL_MS = 250;
const ERASE = "\r\x1b[K";

export function createProgressLine(options: ProgressLineOptions): ProgressLine {
  const { terminal, clock, toUs } = options;
  if (terminal.isTTY !== true) return { show: () => {}, clear: () => {} };
  const startMs = clock.monotonic();
  let { fromUs } = options;
  let shownMs = Number.NEGATIVE_INFINITY;

  return {
    show: ({ messages, reachedUs }) => {
      fromUs ??= reachedUs;
      const nowMs = clock.monotonic();
      if (nowMs - shownMs < INTERVAL_MS) return;
      shownMs = nowMs;
      const elapsedMs = nowMs - startMs;
      const text = renderProgress({ messages, reachedUs, fromUs, toUs, elapsedMs });
      print(text, { to: terminal, control: ERASE });
    },
    clear: () => print("", { to: terminal, control: ERASE }),
  };
}

/** Messages, the share of the time span that is done, messages per second, the time reached. */
export function renderProgress(
  state: Progress & { fromUs: number | null; toUs: number; elapsedMs: number },
): string {
  const { messages, reachedUs, fromUs, toUs, elapsedMs } = state;
  const rate = elapsedMs > 0 ? Math.round((messages * 1_000) / elapsedMs) : 0;
  const counted = `${grouped(messages)} messages, ${grouped(rate)}/s`;
  if (reachedUs === null || fromUs === null || toUs <= fromUs) return counted;
  const share = Math.min(1, Math.max(0, (reachedUs - fromUs) / (toUs - fromUs)));
  return `${Math.floor(share * 100)} %, ${counted}, at ${isoMicroseconds(reachedUs).slice(0, 19)}Z`;
}
