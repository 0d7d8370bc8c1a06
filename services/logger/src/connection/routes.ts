import type { ReceivedMessage, Subscription } from "@weir/mqtt";
import { createTopicMatcher, matchesFilter } from "@weir/topics";
import type { Stream } from "../stream/stream.ts";

/** Where the messages of one topic go. */
export interface Route {
  streams: readonly Stream[];
  /** The subscriptions that bring this topic, where copies are told apart; the first one counts. */
  identifiers: readonly number[];
}

export interface Routes {
  of(topic: string): Route;
}

const REMEMBERED_MAX = 10_000;

/**
 * Finds the streams of a topic. It remembers the topics that it has seen: few come again and again.
 *
 * @param subscriptions what brings the messages, in the order in which copies are preferred.
 */
export function createRoutes(
  streams: readonly Stream[],
  subscriptions: readonly Subscription[],
): Routes {
  const matcher = createTopicMatcher(
    streams.flatMap((stream) => stream.config.filters.map((filter) => ({ filter, value: stream }))),
  );
  const remembered = new Map<string, Route>();

  function find(topic: string): Route {
    const wanting = new Set(
      matcher(topic).filter(({ config }) => !excludes(config.exclude, topic)),
    );
    return {
      streams: [...wanting],
      identifiers: subscriptions.flatMap(({ filter, identifier }) =>
        identifier !== undefined && matchesFilter(filter, topic) ? [identifier] : [],
      ),
    };
  }

  return {
    of: (topic) => {
      const known = remembered.get(topic);
      if (known !== undefined) return known;
      const route = find(topic);
      // A stranger can invent topics without end. Starting anew costs a look-up for each live one.
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(topic, route);
      return route;
    },
  };
}

function excludes(filters: readonly string[], topic: string): boolean {
  return filters.some((filter) => matchesFilter(filter, topic));
}

/**
 * Whether this is a further copy of a message that comes once for each of several overlapping
 * subscriptions. One that cannot be placed is none: better twice than not at all.
 */
export function isCopy({ subscriptions }: ReceivedMessage, { identifiers }: Route): boolean {
  const [first] = identifiers;
  if (first === undefined || subscriptions.length === 0) return false;
  if (subscriptions.includes(first)) return false;
  return subscriptions.every((identifier) => identifiers.includes(identifier));
}
