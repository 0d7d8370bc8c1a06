import { createHash } from "node:crypto";
import type { ReceivedMessage, Subscription } from "@weir/mqtt";
import {
  coverOf,
  createTopicMatcher,
  filterHolds,
  filtersOverlap,
  joinedCoverOf,
  matchesFilter,
} from "@weir/protocol";
import type { StreamConfig } from "@weir/streams";
import type { Stream } from "../stream/stream.ts";

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

/** A session as its subscriptions are planned. */
export interface PlannedSession {
  /** Whether the broker tells which subscription brought a message. */
  identifiers: boolean;
  /** What the session may have already, the oldest first; nothing in a new one. */
  has: readonly Subscription[];
  /** Who took its messages before. */
  takers: Takers;
}

/** What to subscribe to, the preferred ones first, and who takes what it brings. */
export interface SubscriptionPlan {
  subscriptions: readonly Subscription[];
  takers: Takers;
}

/** A new session of a broker with identifiers. */
export const NEW_SESSION: PlannedSession = { identifiers: true, has: [], takers: {} };

/** The largest subscription identifier [MQTT-3.8.2.1.2]. */
const IDENTIFIER_MAX = 268_435_455;

/**
 * What to subscribe to for these streams, so that each message comes once, or its copies can be told
 * apart: by the identifiers of MQTT 5. They also tell what came for a subscription that somebody else has
 * made in the session. A broker without identifiers is asked for more than is wanted.
 */
export function planSubscriptions(
  streams: readonly StreamConfig[],
  session: PlannedSession,
): SubscriptionPlan {
  const { identifiers, has } = session;
  const before = has.length === 0 ? {} : session.takers;
  const generation = nextGeneration(has, before);
  const takers = changedTakers(streams, before, generation);
  const newcomers = Object.values(takers).filter(({ since }) => since === generation);
  const subscriptions = oldestFirst(filtersOf(streams, identifiers), has).map(
    ({ filter, qos }): Subscription => {
      const known = has.filter((one) => one.filter === filter);
      // Without identifiers there is no retain handling either: each SUBSCRIBE brings what is retained.
      const isAskedAgain = !identifiers && known.every((one) => one.qos !== qos);
      const isNew =
        known.length === 0 || isAskedAgain || newcomers.some((taker) => isNewUnder(filter, taker));
      return {
        filter,
        qos,
        ...(identifiers && { identifier: identifierOf(filter) }),
        generation: isNew ? generation : newestOf(known),
      };
    },
  );
  return { subscriptions, takers };
}

function filtersOf(
  streams: readonly StreamConfig[],
  identifiers: boolean,
): { filter: string; qos: 0 | 1 }[] {
  const wanted = streams.flatMap(({ filters, qos }) => filters.map((filter) => ({ filter, qos })));
  const { subscriptions, overlaps } = coverOf(wanted);
  if (!overlaps) return subscriptions;
  if (!identifiers) return joinedCoverOf(wanted);
  // Only one of the copies is taken, so every one must be as sure to come as the surest.
  const qos = subscriptions.some((one) => one.qos === 1) ? 1 : 0;
  return subscriptions.map(({ filter }) => ({ filter, qos }));
}

function nextGeneration(has: readonly Subscription[], takers: Takers): number {
  return Math.max(newestOf(has), ...Object.values(takers).map(({ since }) => since)) + 1;
}

function newestOf(subscriptions: readonly Subscription[]): number {
  return Math.max(0, ...subscriptions.map(({ generation = 0 }) => generation));
}

/**
 * Of several copies, the one of the first subscription counts. So that is the one that the session has
 * had for longest: what the broker queued before a subscription was added came by the older ones only.
 */
function oldestFirst<S extends { filter: string }>(
  subscriptions: readonly S[],
  known: readonly { filter: string }[],
): S[] {
  const order = new Map(known.map(({ filter }, index) => [filter, index]));
  const place = ({ filter }: S): number => order.get(filter) ?? known.length;
  return subscriptions.toSorted((a, b) => place(a) - place(b));
}

/**
 * A filter's identifier is the same in every configuration and in every data folder: what the broker has
 * queued under an earlier one must not be taken for a copy of something else, or for somebody else's.
 */
function identifierOf(filter: string): number {
  const digest = createHash("sha256").update(filter).digest();
  return (digest.readUInt32BE(0) % IDENTIFIER_MAX) + 1;
}

/** The topics that a stream takes. */
interface Topics {
  filters: readonly string[];
  exclude: readonly string[];
}

/** A stream that takes messages of a session, and since which generation of the session's subscriptions. */
export interface Taker extends Topics {
  since: number;
  /** What it took before; `null` if it took nothing. */
  former: Topics | null;
}

/**
 * The takers of a session by the names of their streams. They tell for whom a retained copy is: a broker
 * sends one because of a SUBSCRIBE, and a stream that took the topic before has had what it says.
 */
export type Takers = Readonly<Record<string, Taker>>;

/** The takers from now on; those whose topics have changed take them since `generation`. */
export function changedTakers(
  streams: readonly ({ name: string } & Topics)[],
  before: Takers,
  generation: number,
): Takers {
  const entries = streams.map(({ name, filters, exclude }): [string, Taker] => {
    const known = Object.hasOwn(before, name) ? (before[name] as Taker) : null;
    if (known === null) return [name, { filters, exclude, since: generation, former: null }];
    const isSame = isEqual(known.filters, filters) && isEqual(known.exclude, exclude);
    if (isSame) return [name, known];
    const former = { filters: known.filters, exclude: known.exclude };
    return [name, { filters, exclude, since: generation, former }];
  });
  return Object.fromEntries(entries);
}

/** Whether the subscriptions to `filter` bring topics that it did not take before. */
export function isNewUnder(filter: string, { filters, exclude, former }: Taker): boolean {
  if (former === null) return filters.some((own) => filtersOverlap(own, filter));
  const isNew = (own: string): boolean =>
    filtersOverlap(own, filter) && !former.filters.some((outer) => filterHolds(outer, own));
  const isLetIn = (left: string): boolean =>
    filtersOverlap(left, filter) && !exclude.some((outer) => filterHolds(outer, left));
  return filters.some(isNew) || former.exclude.some(isLetIn);
}

/** Whether a retained copy of a topic is for this taker, if a subscription of `generation` brings it. */
export function wantsRetained(
  { since, former }: Taker,
  topic: string,
  generation: number,
): boolean {
  return since >= generation && (former === null || !takes(former, topic));
}

/** The newest generation of the subscriptions that bring a topic: retained copies of it came because of these. */
export function generationOf(topic: string, subscriptions: readonly Subscription[]): number {
  return Math.max(
    0,
    ...subscriptions
      .filter(({ filter }) => matchesFilter(filter, topic))
      .map(({ generation = 0 }) => generation),
  );
}

function takes({ filters, exclude }: Topics, topic: string): boolean {
  const isMatched = (filter: string): boolean => matchesFilter(filter, topic);
  return filters.some(isMatched) && !exclude.some(isMatched);
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((filter, index) => filter === other[index]);
}
