import type { Clock } from "@weir/clock";
import type { ReceivedMessage } from "@weir/mqtt";
import type { Stream } from "../stream/stream.ts";
import type { Routes } from "./routes.ts";

/** From what a connection brings to the streams' commits. */
export interface Intake {
  /**
   * Stores messages, each in every stream that its topic belongs to. They are safe when this returns.
   * Each stream has a transaction of its own, and keeps for itself which packet ids of QoS 2 are open: a
   * message that comes again after a kill between two of them is stored by the second one alone.
   *
   * @param released packet ids of QoS 2 that are open no more.
   * @returns the publishers that are to get a receipt, and for how many messages.
   * @throws Fault when one of the streams cannot write; what was not acknowledged then comes again.
   */
  store(
    messages: readonly ReceivedMessage[],
    released: readonly number[],
  ): ReadonlyMap<string, number>;
  /** No packet id is open any more: the broker has forgotten the session. */
  beginSession(): void;
  /** How many commits the newest of that took. */
  commits(): number;
  /** Goes on with other streams. */
  setRoutes(routes: Routes): void;
}

export interface IntakeOptions {
  routes: Routes;
  /** The streams of the connection. */
  streams: () => readonly Stream[];
  /** Whose packet ids the messages have: the client's at its broker. */
  session: string;
  clock: Clock;
  /** Called for a message on a topic of no stream: it is acknowledged, not stored. */
  onUnmatched: (topic: string) => void;
  /** Called for a message of a subscription that was not made here: it is acknowledged, not stored. */
  onStrange: (topic: string) => void;
}

export function createIntake(options: IntakeOptions): Intake {
  const { clock, streams, session, onUnmatched, onStrange } = options;
  let { routes } = options;
  const active = new Set<Stream>();
  let commits = 1;

  function hand(message: ReceivedMessage): void {
    const route = routes.of(message.topic);
    const verdict = routes.judge(message, route);
    // It came for one of the filters, and its topic does not tell which: better in each than in none.
    const takers =
      route.streams.length === 0 && message.flaw !== undefined ? streams() : route.streams;
    if (verdict === "strange") onStrange(message.topic);
    else if (takers.length === 0) onUnmatched(message.topic);
    if (verdict !== "store") return;
    for (const stream of takers) {
      // It took the topic before: what the broker keeps has come already.
      if (message.retained && route.hadRetained.has(stream)) stream.counts.skipped += 1;
      else {
        stream.take(message, session);
        active.add(stream);
      }
    }
  }

  function release(packetIds: readonly number[]): void {
    for (const stream of streams()) {
      if (stream.release(packetIds, session)) active.add(stream);
    }
  }

  return {
    store: (messages, released) => {
      const receivedUs = clock.now() * 1_000;
      if (released.length > 0) release(released);
      for (const message of messages) hand(message);
      const publishers = new Map<string, number>();
      try {
        // A message that comes again because one store was locked must not be in another already.
        if (active.size > 1) for (const stream of active) stream.store.reserve();
        for (const stream of active) {
          for (const [publisher, count] of stream.commit(receivedUs)) {
            publishers.set(publisher, (publishers.get(publisher) ?? 0) + count);
          }
        }
      } finally {
        for (const stream of active) stream.leave();
        commits = Math.max(active.size, 1);
        active.clear();
      }
      return publishers;
    },
    beginSession: () => {
      for (const stream of streams()) {
        if (!stream.beginSession(session)) continue;
        try {
          stream.commit(clock.now() * 1_000);
        } catch {
          // Its next commit says so, too, and notes the session once it can.
        }
      }
    },
    commits: () => commits,
    setRoutes: (changed) => {
      routes = changed;
    },
  };
}
