import type { ReceivedMessage } from "@weir/mqtt";
import { createTopicMatcher, matchesFilter } from "@weir/protocol";
import { generationOf, type SubscriptionPlan, wantsRetained } from "./plan.ts";
import type { Stream } from "./stream.ts";

/** Where the messages of one topic go. */
interface Route {
  streams: readonly Stream[];
  /** The identifiers of the subscriptions that bring this topic; the first one counts. */
  identifiers: readonly number[];
  /** The same for its retained copies. */
  retainedIdentifiers: readonly number[];
  /** The streams that took the topic before: they have what the broker keeps of it. */
  hadRetained: ReadonlySet<Stream>;
}

const CACHED_MAX = 10_000;

/**
 * Finds the streams of a topic, and which copy of a message to store. It caches the topics that it has
 * seen: few come again and again.
 */
export class Routes {
  readonly #plan: SubscriptionPlan;
  readonly #held: ReadonlySet<string>;
  readonly #own: ReadonlySet<number> | null;
  readonly #matcher: (topic: string) => readonly Stream[];
  readonly #cached = new Map<string, Route>();
  /**
   * Some brokers announce identifiers and send none. So a message without one is strange only when
   * another has come with its identifier. The copies of a message come one behind the other.
   */
  #isProven = false;
  #unidentified: { topic: string; payload: Buffer } | null = null;

  constructor({
    streams,
    plan,
    held,
    own,
  }: {
    streams: readonly Stream[];
    plan: SubscriptionPlan;
    /** The filters that the session certainly has: a copy of a message comes for each of them. */
    held: ReadonlySet<string>;
    /**
     * The identifiers of all subscriptions that this logger made, 0 for one without; `null` where the
     * broker sends none.
     */
    own: ReadonlySet<number> | null;
  }) {
    this.#plan = plan;
    this.#held = held;
    this.#own = own;
    this.#matcher = createTopicMatcher(
      streams.flatMap((stream) =>
        stream.config.filters.map((filter) => ({ filter, value: stream })),
      ),
    );
  }

  of(topic: string): Route {
    const known = this.#cached.get(topic);
    if (known !== undefined) return known;
    const route = this.#find(topic);
    // A client can invent topics without end. An empty cache costs a look-up for each live one.
    if (this.#cached.size >= CACHED_MAX) this.#cached.clear();
    this.#cached.set(topic, route);
    return route;
  }

  /**
   * Whether to store a message: a `copy` is stored already, and a `strange` one came for a subscription
   * that this logger has not made.
   */
  judge(message: ReceivedMessage, route: Route): "store" | "copy" | "strange" {
    const own = this.#own;
    const { subscriptions, retained, flaw } = message;
    const identifiers = retained ? route.retainedIdentifiers : route.identifiers;
    const [first] = identifiers;
    // Nearly all messages.
    if (this.#isProven && first !== undefined && subscriptions[0] === first) return "store";
    const ours = own === null ? subscriptions : subscriptions.filter((one) => own.has(one));
    if (own !== null && ours.length === 0) {
      const mayLackOne = retained || flaw === "packet" || own.has(0);
      if (subscriptions.length === 0 && mayLackOne) return "store";
      if (this.#isProven) return "strange";
      this.#unidentified = { topic: message.topic, payload: Buffer.from(message.payload) };
      return "store";
    }
    if (own !== null && !this.#isProven && this.#provesCopy(message)) return "copy";
    if (first === undefined || ours.length === 0 || ours.includes(first)) return "store";
    // One of an unknown subscription is no copy: better stored twice than not at all.
    return ours.every((identifier) => identifiers.includes(identifier)) ? "copy" : "store";
  }

  /** Call it when the filters that the session certainly has have changed. */
  clearCache(): void {
    this.#cached.clear();
  }

  /** Whether the first message with its identifier is the copy of one that was stored without. */
  #provesCopy({ topic, payload }: ReceivedMessage): boolean {
    this.#isProven = true;
    const before = this.#unidentified;
    this.#unidentified = null;
    return before !== null && before.topic === topic && before.payload.equals(payload);
  }

  #find(topic: string): Route {
    const { subscriptions, takers } = this.#plan;
    const streams = [...new Set(this.#matcher(topic))].filter(
      ({ config }) => !config.exclude.some((filter) => matchesFilter(filter, topic)),
    );
    const generation = generationOf(topic, subscriptions);
    const bringing = subscriptions.filter(
      ({ filter }) => this.#held.has(filter) && matchesFilter(filter, topic),
    );
    return {
      streams,
      identifiers: bringing.flatMap(({ identifier }) => identifier ?? []),
      retainedIdentifiers: bringing
        .filter((one) => one.generation === generation)
        .flatMap(({ identifier }) => identifier ?? []),
      hadRetained: new Set(
        streams.filter(({ config }) => {
          const taker = takers[config.name];
          return taker !== undefined && !wantsRetained(taker, topic, generation);
        }),
      ),
    };
  }
}
