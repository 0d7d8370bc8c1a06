import type { ReceivedMessage } from "@weir/mqtt";
import { createTopicMatcher, matchesFilter } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import type { LoggerCounts } from "./metrics.ts";
import { generationOf, type SubscriptionPlan, wantsRetained } from "./plan.ts";
import type { Stream } from "./stream.ts";

/** From the batches of one connection to the commits of its streams. */
export class Intake {
  /** Changes with the streams, and with what the session has. */
  routes: Routes;
  /** How many commits the newest batch took. */
  commits = 1;
  readonly #session: string;
  readonly #clock: Clock;
  readonly #counts: LoggerCounts;
  readonly #active = new Set<Stream>();

  /** @param options `session` owns the packet ids of the messages: a client id at a broker. */
  constructor(options: { routes: Routes; session: string; clock: Clock; counts: LoggerCounts }) {
    this.routes = options.routes;
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
      for (const stream of this.routes.streams) {
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
      this.commits = Math.max(active.size, 1);
      active.clear();
    }
    return publishers;
  }

  /** The broker has forgotten the session: no packet id is open any more. */
  beginSession(): void {
    for (const stream of this.routes.streams) {
      if (!stream.beginSession(this.#session)) continue;
      try {
        stream.commit(this.#clock.now() * 1_000);
      } catch {
        // Its next commit reports the fault, and notes the session once it can.
      }
    }
  }

  #route(message: ReceivedMessage): void {
    const { routes } = this;
    const route = routes.of(message.topic);
    const verdict = routes.judge(message, route);
    // The escaped topic of a flawed packet may match no filter, though one brought it: every stream takes it.
    const takers =
      route.streams.length === 0 && message.flaw !== undefined ? routes.streams : route.streams;
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
  /** All that a message may go to. */
  readonly streams: readonly Stream[];
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
    this.streams = streams;
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
