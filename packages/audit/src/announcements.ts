import { randomUUID } from "node:crypto";
import { addAbortListener } from "node:events";
import { type ClientLogger, createReconnectingClient, type Subscription } from "@weir/mqtt";
import { type Announcement, isName, parseAnnouncement } from "@weir/protocol";
import { type BrokerConfig, EXIT_CODES, errorMessage, Fault, systemClock } from "@weir/runtime";

/** What the publishers announce, as the broker keeps it. */
export interface Announcements {
  /** By publisher; `null` for an announcement that cannot be parsed. */
  found: ReadonlyMap<string, Announcement | null>;
  /** Announcements that were skipped: their names are invalid, or there are too many of unknown publishers. */
  ignored: number;
}

const ANNOUNCED = "weir/publisher/";
/** A message of our own is delivered after the retained ones: then all of them have come. */
const LAST = { filter: "weir/audit", qos: 1 } as const;
/** How long the broker may take for each answer. */
const ANSWER_MS_MAX = 20_000;
/** Topics announced by publishers that the ledger does not know: the limit of the memory that invented ones take. */
const UNKNOWN_TOPICS_MAX = 200_000;
/** Filters in one SUBSCRIBE: a packet that every broker takes. */
const FILTERS_MAX = 200;

/**
 * Reads the retained announcements. RabbitMQ sends none of them to a filter with a wildcard, so the
 * audit subscribes to the own topics of publishers in the ledger that the wildcard did not find.
 *
 * @throws Fault when the broker does not answer; the signal's reason when that aborts.
 */
export async function findAnnouncements(search: {
  /** By its name in weir.yaml; `default` is that of the environment. */
  broker: { name: string; config: BrokerConfig };
  logger: ClientLogger;
  /** The publishers in the ledger. */
  known: ReadonlySet<string>;
  /** `null` finds those of all publishers. */
  only: string | null;
  /** A client id is this and something random. */
  clientIdPrefix: string;
  signal: AbortSignal;
}): Promise<Announcements> {
  const { broker, logger, known, only, clientIdPrefix, signal } = search;
  const found = new Map<string, Announcement | null>();
  let ignored = 0;
  let unknownTopics = 0;
  let mark = "";
  let all = Promise.withResolvers<void>();

  function take(publisher: string, payload: Buffer): void {
    // An empty retained message is a deletion.
    if (payload.length === 0) return;
    const announcement = parseAnnouncement(payload);
    const isUnknown = !known.has(publisher);
    if (isUnknown) unknownTopics += announcement?.entries.length ?? 1;
    if (!isName(publisher) || (isUnknown && unknownTopics > UNKNOWN_TOPICS_MAX)) ignored += 1;
    else found.set(publisher, announcement);
  }

  const connected = Promise.withResolvers<void>();
  await using client = createReconnectingClient({
    broker: broker.config,
    clientId: `${clientIdPrefix}-${randomUUID()}`,
    session: { kind: "clean" },
    transport: "direct",
    subscriptions: [LAST],
    // One write acknowledges a whole batch.
    onBatch: (messages) => {
      for (const { topic, payload } of messages) {
        if (topic !== LAST.filter) take(topic.slice(ANNOUNCED.length), payload);
        else if (payload.toString() === mark) all.resolve();
      }
    },
    onConnected: () => connected.resolve(),
    clock: systemClock,
    logger,
  });

  /** @throws Fault when it fails, or takes too long. */
  async function answered(answer: Promise<void>): Promise<void> {
    const ended = Promise.withResolvers<void>();
    using _timer = systemClock.schedule(ANSWER_MS_MAX, () =>
      ended.reject(new Error(`it did not answer within ${ANSWER_MS_MAX / 1_000} s`)),
    );
    using _stopping = addAbortListener(signal, () => ended.reject(signal.reason));
    try {
      await Promise.race([answer, ended.promise]);
    } catch (cause) {
      signal.throwIfAborted();
      throw new Fault(`no announcements from the broker ${broker.name}: ${errorMessage(cause)}`, {
        remedy: "Is it running, and is BROKER, or its url in weir.yaml, right?",
        exitCode: EXIT_CODES.unavailable,
        cause,
      });
    }
  }

  /** Resolves when all that is retained for these publishers has come. */
  async function ask(publishers: readonly string[]): Promise<void> {
    all = Promise.withResolvers();
    // Another audit may be running, and the answer to an earlier question may be under way.
    mark = randomUUID();
    const asked = publishers.map((name): Subscription => ({ filter: ANNOUNCED + name, qos: 1 }));
    await answered(client.setSubscriptions([LAST, ...asked]));
    await answered(client.publish(LAST.filter, mark, { qos: 1 }));
    await answered(all.promise);
  }

  client.start();
  await answered(connected.promise);
  await ask([only ?? "+"]);
  const absent = [...known].filter((publisher) => only === null && !found.has(publisher));
  for (let from = 0; from < absent.length; from += FILTERS_MAX) {
    await ask(absent.slice(from, from + FILTERS_MAX));
  }
  return { found, ignored };
}
