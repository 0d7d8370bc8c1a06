import type { Clock } from "@weir/clock";
import type { ReceivedMessage } from "@weir/mqtt";
import type { Stream } from "../stream/stream.ts";
import { isCopy, type Routes } from "./routes.ts";

/** From what a connection brings to the streams' commits. */
export interface Intake {
  /**
   * Stores messages, each in every stream that its topic belongs to. They are safe when this returns.
   *
   * @returns the publishers that are to get a receipt, and for how many messages.
   * @throws Fault when one of the streams cannot write; what was not acknowledged then comes again.
   */
  store(messages: readonly ReceivedMessage[]): ReadonlyMap<string, number>;
  /** How many commits the newest of that took. */
  commits(): number;
  /** Goes on with other streams. */
  setRoutes(routes: Routes): void;
}

export interface IntakeOptions {
  routes: Routes;
  clock: Clock;
  /** Called for a message on a topic of no stream: it is acknowledged, not stored. */
  onUnmatched: (topic: string) => void;
}

export function createIntake(options: IntakeOptions): Intake {
  const { clock, onUnmatched } = options;
  let { routes } = options;
  const active = new Set<Stream>();
  let commits = 1;

  function hand(message: ReceivedMessage): void {
    const route = routes.of(message.topic);
    if (route.streams.length === 0) onUnmatched(message.topic);
    if (isCopy(message, route)) return;
    for (const stream of route.streams) {
      stream.take(message);
      active.add(stream);
    }
  }

  return {
    store: (messages) => {
      const receivedUs = clock.now() * 1_000;
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
    commits: () => commits,
    setRoutes: (changed) => {
      routes = changed;
    },
  };
}
