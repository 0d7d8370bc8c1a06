import type { Socket } from "node:net";
import type { Clock } from "@weir/runtime";
import { Violation } from "../packets/errors.ts";
import { PACKET_BYTES_MAX, type ProtocolVersion } from "../packets/message.ts";
import type { Batcher } from "./batcher.ts";
import type { Receiver } from "./connection.ts";
import { createPace, createTicks } from "./pace.ts";

/** What one read takes at most. */
const READ_BYTES_MAX = 262_144;
/**
 * For so long one read may follow the other before timers and other sockets have a turn. Node reads up
 * to 32 times in a row: 8 MiB of what is slow to store, such as topics that are all new, took 4 s.
 */
const SLICE_MS = 25;

interface SocketReaderOptions {
  protocolVersion: ProtocolVersion;
  socket: () => Socket;
  batcher: Batcher;
  receiver: Pick<Receiver, "batch" | "commits">;
  clock: Clock;
  /** Called when the connection must end. */
  onViolation: (violation: Violation) => void;
}

/**
 * Reads a socket once in a tick instead of whenever something has arrived. Messages wait in the socket
 * meanwhile: that costs nothing, and one read takes them all. `pause()` would not do, because Node goes
 * on reading for a while after it.
 */
export class SocketReader {
  /** For `connect` of node:net: false from `callback` stops reading until `resume`. */
  readonly onread = {
    buffer: (): Buffer => this.#bytes.subarray(this.#filled, this.#filled + READ_BYTES_MAX),
    callback: (bytesRead: number): boolean => this.#take(bytesRead),
  };

  readonly #options: SocketReaderOptions;
  readonly #pace: ReturnType<typeof createPace>;
  readonly #ticks: ReturnType<typeof createTicks>;
  // What `take` leaves is less than a packet, so there is always space behind it.
  readonly #bytes = Buffer.allocUnsafeSlow(PACKET_BYTES_MAX + READ_BYTES_MAX);
  #filled = 0;
  #timer: Disposable | null = null;
  /** How long the reads have taken since timers and other sockets had a turn. */
  #sliceMs = 0;
  #isOpen = true;
  #isHurrying = false;

  constructor(options: SocketReaderOptions) {
    const { protocolVersion, receiver, clock } = options;
    const { delayMs } = receiver.batch;
    this.#options = options;
    this.#pace = createPace({ allowed: protocolVersion === 5, delayMs, clock });
    this.#ticks = createTicks({ tickMs: delayMs, commits: receiver.commits, clock });
  }

  /** Reads on at once, if it waits. */
  readonly resume = (): void => {
    this.#forgetTimer();
    this.#sliceMs = 0;
    this.#options.socket().resume();
  };

  /** Waits for no tick from now on. */
  hurry(): void {
    this.#isHurrying = true;
    this.resume();
  }

  /** Hands on what was read, and drops what is read from now on. */
  stop(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.batcher.flush();
    this.#options.batcher.close();
    this.#forgetTimer();
  }

  #take(bytesRead: number): boolean {
    const { batcher, clock, onViolation } = this.#options;
    const end = this.#filled + bytesRead;
    const startMs = clock.monotonic();
    let used = end;
    if (this.#isOpen) {
      let violation: Violation | null = null;
      try {
        used = batcher.take(this.#bytes, end);
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        violation = error;
      }
      // Before a violation ends the connection, and before the next read overwrites the buffer.
      batcher.flush();
      if (violation !== null) onViolation(violation);
    }
    this.#sliceMs += clock.monotonic() - startMs;
    this.#filled = end - used;
    if (used > 0 && this.#filled > 0) this.#bytes.copyWithin(0, used, end);
    return this.#readsOn(bytesRead);
  }

  /** Whether to read on at once. */
  #readsOn(bytesRead: number): boolean {
    const { batcher, clock } = this.#options;
    this.#ticks.came(bytesRead);
    const { messages, acknowledged } = batcher.takeCounts();
    if (messages > 0) this.#pace.took(acknowledged);
    // `onDrained` of the batcher resumes.
    if (batcher.isBlocked) return false;
    const waits = messages > 0 && !this.#isHurrying && this.#pace.mayBatch();
    // After a read that filled more than half the buffer there is no wait: the socket's own has an end.
    if (waits && bytesRead <= READ_BYTES_MAX / 2) {
      this.#timer ??= clock.schedule(this.#ticks.untilNextMs(), this.resume);
      return false;
    }
    if (this.#sliceMs < SLICE_MS) return true;
    this.#timer ??= afterThisTurn(this.resume);
    return false;
  }

  #forgetTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }
}

/** Runs a task once timers and other sockets had their turn. */
export function afterThisTurn(task: () => void): Disposable {
  const immediate = setImmediate(task);
  return { [Symbol.dispose]: () => clearImmediate(immediate) };
}
