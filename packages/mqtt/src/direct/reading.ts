import type { Socket } from "node:net";
import type { Clock } from "@weir/clock";
import { PACKET_BYTES_MAX } from "../connection.ts";
import type { Receiver } from "../receiver.ts";
import { createTicks } from "../ticks.ts";

/** What one read takes at most. */
const READ_BYTES_MAX = 262_144;
/**
 * So long one read may follow the other without anybody else having a turn. Node reads up to 32 times
 * in a row: 8 MiB of what is slow to store, such as topics that are all new, took 4 s.
 */
const SLICE_MS = 25;

/** Reads a socket, not as soon as there is something, but as often as its owner wants. */
export interface Reading {
  /** For `connect` of node:net. */
  onread: { buffer: () => Buffer; callback: (bytesRead: number) => boolean };
  /** Reads on at once, if it waits. */
  resume(): void;
  /** Forgets its timer. */
  stop(): void;
}

/** What to do after a read: go on at once, wait for the next tick, or wait for `resume`. */
export type Next = "on" | "tick" | "wait";

/**
 * Messages gather in the socket while nobody reads it: that costs nothing, and one read takes them
 * all. `pause()` would not do, because Node goes on reading for a while after it.
 *
 * @param take gets what was read and not used before; returns how many of its bytes it has used.
 * @param next asked after each read. A read that filled more than half the buffer is followed by
 *   another one at once all the same: the socket's own buffer has an end.
 */
export function createReading(options: {
  socket: () => Socket;
  take: (bytes: Buffer, end: number) => number;
  next: () => Next;
  tickMs: number;
  commits: Receiver["commits"];
  clock: Clock;
}): Reading {
  const { socket, take, next, clock } = options;
  const ticks = createTicks(options);
  // What `take` leaves is less than a packet, so there is always room behind it.
  const bytes = Buffer.allocUnsafeSlow(PACKET_BYTES_MAX + READ_BYTES_MAX);
  let filled = 0;
  let timer: Disposable | null = null;
  // How long the reads have taken since somebody else had a turn.
  let sliceMs = 0;

  function stop(): void {
    timer?.[Symbol.dispose]();
    timer = null;
  }

  /** Lets timers and other sockets have their turn before the next read. */
  function yieldTurn(): Disposable {
    const turn = setImmediate(resume);
    return { [Symbol.dispose]: () => clearImmediate(turn) };
  }

  function resume(): void {
    stop();
    sliceMs = 0;
    socket().resume();
  }

  /** Whether to read on at once. */
  function goesOn(bytesRead: number): boolean {
    ticks.came(bytesRead);
    const wanted = next();
    if (wanted === "wait") return false;
    const isFull = bytesRead > READ_BYTES_MAX / 2;
    if (wanted === "on" || isFull) {
      if (sliceMs < SLICE_MS) return true;
      timer ??= yieldTurn();
      return false;
    }
    timer ??= clock.schedule(ticks.untilNextMs(), resume);
    return false;
  }

  return {
    onread: {
      buffer: () => bytes.subarray(filled, filled + READ_BYTES_MAX),
      callback: (bytesRead) => {
        const end = filled + bytesRead;
        const startMs = clock.monotonic();
        const used = take(bytes, end);
        sliceMs += clock.monotonic() - startMs;
        filled = end - used;
        if (used > 0 && filled > 0) bytes.copyWithin(0, used, end);
        return goesOn(bytesRead);
      },
    },
    resume,
    stop,
  };
}
