import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Subscription } from "@weir/mqtt";
import { coverOf, filterHolds, filtersOverlap, joinedCoverOf, matchesFilter } from "@weir/protocol";
import type { BrokerConfig } from "@weir/runtime";
import { type StreamConfig, type StreamsConfig, takes } from "@weir/streams";

/** One connection to a broker, and the streams that come over it. */
export interface ConnectionPlan {
  /** Names it in logs and health checks: `default`, `broker-<name>` or `stream-<name>`. */
  name: string;
  /** The broker's name; connections of one broker share their receipts. */
  brokerName: string;
  broker: BrokerConfig;
  clientId: string;
  sessionFile: string;
  streams: readonly StreamConfig[];
}

/** The broker of the environment, and the connection to it. */
export const DEFAULT = "default";

/**
 * One connection for each broker that streams share, and one for each stream that asks for its own.
 *
 * @param file the pipeline's store; the session files lie beside it.
 */
export function planConnections(
  { brokers, streams }: Pick<StreamsConfig, "brokers" | "streams">,
  { clientId, file }: { clientId: string; file: string },
): ConnectionPlan[] {
  const groups = Map.groupBy(streams, ({ name, broker, connection }) => {
    if (connection === "own") return `stream-${name}`;
    return broker === DEFAULT ? DEFAULT : `broker-${broker}`;
  });
  return [...groups].map(([name, members]) => {
    const brokerName = members[0]?.broker ?? DEFAULT;
    const suffix = name === DEFAULT ? "" : `-${name}`;
    return {
      name,
      brokerName,
      // The configuration was checked: a stream names no broker that is missing.
      broker: brokers[brokerName] as BrokerConfig,
      clientId: `${clientId}${suffix}`,
      sessionFile: join(dirname(file), `${basename(file)}.session${suffix}`),
      streams: members,
    };
  });
}

/** What to subscribe to, the preferred subscriptions first, and which streams take their messages. */
export interface SubscriptionPlan {
  subscriptions: readonly Subscription[];
  takers: Takers;
}

/** The largest subscription identifier [MQTT-3.8.2.1.2]. */
const IDENTIFIER_MAX = 268_435_455;

/**
 * What to subscribe to for these streams, so that each message comes once, or its copies can be
 * distinguished by the subscription identifiers of MQTT 5. The identifiers also show what came for a subscription
 * that another client made in the session. At a broker without identifiers, broader filters are subscribed to.
 *
 * @param session by default a new one at a broker with identifiers. `has` are the subscriptions that it
 *   may have, the oldest first; `takers` took its messages before.
 */
export function planSubscriptions(
  streams: readonly StreamConfig[],
  session: { identifiers?: boolean; has?: readonly Subscription[]; takers?: Takers } = {},
): SubscriptionPlan {
  const { identifiers = true, has = [] } = session;
  const before = has.length === 0 ? {} : (session.takers ?? {});
  const generation =
    Math.max(newestOf(has), ...Object.values(before).map(({ since }) => since)) + 1;
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
  // Only one of the copies is stored, so each must be as sure to come as the surest.
  const qos = subscriptions.some((one) => one.qos === 1) ? 1 : 0;
  return subscriptions.map(({ filter }) => ({ filter, qos }));
}

function newestOf(subscriptions: readonly Subscription[]): number {
  return Math.max(0, ...subscriptions.map(({ generation = 0 }) => generation));
}

/**
 * Of several copies, the one of the first subscription counts. So the first is the one that the session
 * has had for longest: what the broker queued before a subscription was added came by the older ones only.
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
 * A filter has the same identifier in every configuration and in every data folder: what the broker has
 * queued under an earlier one must not be taken for a copy of something else, or for another client's.
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
interface Taker extends Topics {
  since: number;
  /** What it took before; `null` if it took nothing. */
  former: Topics | null;
}

/**
 * The takers of a session by the names of their streams. They show for which streams a retained copy is
 * new: a broker sends it because of a SUBSCRIBE, and a stream that took the topic before has stored it.
 */
export type Takers = Readonly<Record<string, Taker>>;

/** The takers from now on; those whose topics have changed take them since `generation`. */
function changedTakers(
  streams: readonly ({ name: string } & Topics)[],
  before: Takers,
  generation: number,
): Takers {
  const entries = streams.map(({ name, filters, exclude }): [string, Taker] => {
    const known = Object.hasOwn(before, name) ? (before[name] as Taker) : null;
    if (known === null) return [name, { filters, exclude, since: generation, former: null }];
    const former = { filters: known.filters, exclude: known.exclude };
    if (isDeepStrictEqual(former, { filters, exclude })) return [name, known];
    return [name, { filters, exclude, since: generation, former }];
  });
  return Object.fromEntries(entries);
}

/** Whether the subscriptions to `filter` bring topics that the stream did not take before. */
function isNewUnder(filter: string, { filters, exclude, former }: Taker): boolean {
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

/** The newest generation of the subscriptions that bring a topic: its retained copies came because of these. */
export function generationOf(topic: string, subscriptions: readonly Subscription[]): number {
  return newestOf(subscriptions.filter(({ filter }) => matchesFilter(filter, topic)));
}
