import type { ReceivedMessage, Subscription } from "@weir/mqtt";
import { createTopicMatcher, matchesFilter } from "@weir/topics";
import type { Stream } from "../stream/stream.ts";
import type { SubscriptionPlan } from "./subscriptions.ts";
import { generationOf, wantsRetained } from "./takers.ts";

/** Where the messages of one topic go. */
interface Route {
  streams: readonly Stream[];
  /** The subscriptions that bring this topic, where copies are told apart; the first one counts. */
  identifiers: readonly number[];
  /** The same for its retained copies. */
  retainedIdentifiers: readonly number[];
  /** The streams that took the topic before: what the broker keeps of it has come to them. */
  hadRetained: ReadonlySet<Stream>;
}

/** Whether to store a message: a copy is stored already, and a strange one came for somebody else's subscription. */
type Verdict = "store" | "copy" | "strange";

export interface Routes {
  of(topic: string): Route;
  judge(message: ReceivedMessage, route: Route): Verdict;
  /** What the session has for sure has changed. */
  forget(): void;
}

export interface RoutesOptions {
  streams: readonly Stream[];
  plan: SubscriptionPlan;
  /** The filters that the session has for sure: a copy of a message comes for each of them. */
  held: ReadonlySet<string>;
  /**
   * The identifiers of all subscriptions that were made here, 0 for one without; `null` where the broker
   * does not tell them.
   */
  own: ReadonlySet<number> | null;
}

const REMEMBERED_MAX = 10_000;

/** Finds the streams of a topic. It remembers the topics that it has seen: few come again and again. */
export function createRoutes({ streams, plan, held, own }: RoutesOptions): Routes {
  const matcher = createTopicMatcher(
    streams.flatMap((stream) => stream.config.filters.map((filter) => ({ filter, value: stream }))),
  );
  const remembered = new Map<string, Route>();
  /**
   * Some brokers say that they tell identifiers, and do not. So a message without one is strange only when
   * another one has come with its identifier. The copies of a message come one behind the other.
   */
  let isProven = false;
  let unidentified: { topic: string; payload: Buffer } | null = null;

  /** Whether the first message that tells its subscription is the copy of one that was stored without. */
  function provesCopy({ topic, payload }: ReceivedMessage): boolean {
    isProven = true;
    const before = unidentified;
    unidentified = null;
    return before !== null && before.topic === topic && before.payload.equals(payload);
  }

  function find(topic: string): Route {
    const wanting = [
      ...new Set(matcher(topic).filter(({ config }) => !excludes(config.exclude, topic))),
    ];
    const generation = generationOf(topic, plan.subscriptions);
    const bringing = plan.subscriptions.filter(
      ({ filter }) => held.has(filter) && matchesFilter(filter, topic),
    );
    return {
      streams: wanting,
      identifiers: identifiersOf(bringing),
      retainedIdentifiers: identifiersOf(bringing.filter((one) => one.generation === generation)),
      hadRetained: new Set(
        wanting.filter(({ config }) => {
          const taker = plan.takers[config.name];
          return taker !== undefined && !wantsRetained(taker, topic, generation);
        }),
      ),
    };
  }

  return {
    of: (topic) => {
      const known = remembered.get(topic);
      if (known !== undefined) return known;
      const route = find(topic);
      // A stranger can invent topics without end. Forgetting all costs a look-up for each live one.
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(topic, route);
      return route;
    },
    judge: (message, route) => {
      const { subscriptions, retained, flaw } = message;
      const identifiers = retained ? route.retainedIdentifiers : route.identifiers;
      const [first] = identifiers;
      // Nearly all messages.
      if (isProven && first !== undefined && subscriptions[0] === first) return "store";
      const ours = own === null ? subscriptions : subscriptions.filter((one) => own.has(one));
      if (own !== null && ours.length === 0) {
        const mayLackOne = retained || flaw === "packet" || own.has(0);
        if (subscriptions.length === 0 && mayLackOne) return "store";
        if (isProven) return "strange";
        unidentified = { topic: message.topic, payload: Buffer.from(message.payload) };
        return "store";
      }
      if (own !== null && !isProven && provesCopy(message)) return "copy";
      if (first === undefined || ours.length === 0 || ours.includes(first)) return "store";
      // One that cannot be placed is no copy: better twice than not at all.
      return ours.every((identifier) => identifiers.includes(identifier)) ? "copy" : "store";
    },
    forget: () => remembered.clear(),
  };
}

function identifiersOf(subscriptions: readonly Subscription[]): number[] {
  return subscriptions.flatMap(({ identifier }) => identifier ?? []);
}

function excludes(filters: readonly string[], topic: string): boolean {
  return filters.some((filter) => matchesFilter(filter, topic));
}
