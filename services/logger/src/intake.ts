import type { ReceivedMessage } from "@weir/mqtt";
import type { Clock } from "@weir/runtime";
import type { LoggerCounts } from "./metrics.ts";
import type { Routes } from "./routes.ts";
import type { Stream } from "./stream.ts";

/** From the batches of one connection to the commits of its streams. */
export class Intake {
  /** Changes with the streams, and with what the session has. */
  routes: Routes;
  streams: readonly Stream[];
  readonly #session: string;
  readonly #clock: Clock;
  readonly #counts: LoggerCounts;
  readonly #active = new Set<Stream>();
  #commits = 1;

  /** @param options `session` owns the packet ids of the messages: a client id at a broker. */
  constructor(options: {
    routes: Routes;
    streams: readonly Stream[];
    session: string;
    clock: Clock;
    counts: LoggerCounts;
  }) {
    this.routes = options.routes;
    this.streams = options.streams;
    this.#session = options.session;
    this.#clock = options.clock;
    this.#counts = options.counts;
  }

  /**
   * Stores messages, each in every stream that its topic belongs to. They are safe when this returns.
   * Each stream has its own transaction, and remembers its open packet ids of QoS 2: a message that
   * comes again after a kill between two transactions is stored by the second stream alone.
   *
   * @param released packet ids of QoS 2 that are no longer open.
   * @returns the publishers whose receipts are due, and for how many messages.
   * @throws Fault when one of the streams cannot write; what was not acknowledged then comes again.
   */
  store(
    messages: readonly ReceivedMessage[],
    released: readonly number[],
  ): ReadonlyMap<string, number> {
    const active = this.#active;
    const receivedUs = this.#clock.now() * 1_000;
    if (released.length > 0) {
      for (const stream of this.streams) {
        if (stream.release(released, this.#session)) active.add(stream);
      }
    }
    for (const message of messages) this.#route(message);
    const publishers = new Map<string, number>();
    try {
      // A batch that one locked store refuses comes again: no other store may have written it by then.
      if (active.size > 1) for (const stream of active) stream.store.reserve();
      for (const stream of active) {
        for (const [publisher, count] of stream.commit(receivedUs)) {
          publishers.set(publisher, (publishers.get(publisher) ?? 0) + count);
        }
      }
    } finally {
      for (const stream of active) stream.leave();
      this.#commits = Math.max(active.size, 1);
      active.clear();
    }
    return publishers;
  }

  /** The broker has forgotten the session: no packet id is open any more. */
  beginSession(): void {
    for (const stream of this.streams) {
      if (!stream.beginSession(this.#session)) continue;
      try {
        stream.commit(this.#clock.now() * 1_000);
      } catch {
        // Its next commit reports the fault, and notes the session once it can.
      }
    }
  }

  /** How many commits the newest batch took. */
  get commits(): number {
    return this.#commits;
  }

  #route(message: ReceivedMessage): void {
    const { routes } = this;
    const route = routes.of(message.topic);
    const verdict = routes.judge(message, route);
    // The escaped topic of a flawed packet may match no filter, though one brought it: every stream takes it.
    const takers =
      route.streams.length === 0 && message.flaw !== undefined ? this.streams : route.streams;
    if (verdict === "strange") this.#counts.strange += 1;
    else if (takers.length === 0) this.#counts.unmatched += 1;
    if (verdict !== "store") return;
    for (const stream of takers) {
      if (message.retained && route.hadRetained.has(stream)) stream.counts.skipped += 1;
      else {
        stream.take(message, this.#session);
        this.#active.add(stream);
      }
    }
  }
}
