import {
  type InboundMessage,
  isRefusal,
  type PublishOptions,
  type ReconnectingClient,
} from "@weir/mqtt";
import { type DeviceAddress, deviceTopics, matchesFilter, topicProblem } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import type { DeviceLog } from "../device/delivery.ts";
import type { Journal, PendingAck, ResponseAddress } from "./journal.ts";

type Publisher = Pick<ReconnectingClient, "publish">;

interface AckSenderOptions {
  device: DeviceAddress;
  journal: Pick<Journal, "pendingAcks" | "acknowledged">;
  log: Pick<DeviceLog, "warn">;
  clock: Clock;
  onFault: (fault: unknown) => void;
}

/** Tells what waits in the journal, in its order, and takes out what the broker has. */
interface AckSender extends Disposable {
  /** There may be something new to tell. */
  wake(): void;
  connected(client: Publisher): void;
  disconnected(): void;
  /** Resolves when nothing is on its way any more, at the latest after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>;
}

/** One connection, as far as it has got. */
interface Course {
  client: Publisher;
  sentThrough: number;
  /** Something that was refused is to be sent again. */
  startsOver: boolean;
  isPumping: boolean;
  pumped: Promise<void>;
}

const UNDER_WAY_MAX = 20;
/** Refused so often, an ack is dropped: it must not stay for ever. Until then it blocks no other one. */
const REFUSALS_MAX = 3;
const RETRY_MS = 10_000;

export function createAckSender(options: AckSenderOptions): AckSender {
  const { journal, log, clock, onFault } = options;
  const ackTopic = deviceTopics(options.device).ack;
  const refusals = new Map<number, number>();
  let course: Course | null = null;
  let retry: Disposable | null = null;

  function wake(): void {
    const on = course;
    if (on === null || on.isPumping) return;
    on.isPumping = true;
    on.pumped = pump(on).catch(onFault);
  }

  async function pump(on: Course): Promise<void> {
    try {
      for (let acks = next(on); acks.length > 0; acks = next(on)) {
        await Promise.all(acks.map((ack) => tell(ack, on)));
      }
    } finally {
      // In the same turn in which nothing more was found: who wakes it after that is heard.
      on.isPumping = false;
    }
  }

  function next(on: Course): readonly PendingAck[] {
    if (on !== course) return [];
    if (on.startsOver) {
      on.startsOver = false;
      on.sentThrough = 0;
    }
    const acks = journal.pendingAcks(on.sentThrough, UNDER_WAY_MAX);
    on.sentThrough = acks.at(-1)?.number ?? on.sentThrough;
    return acks;
  }

  async function tell(pending: PendingAck, on: Course): Promise<void> {
    const outcome = await send(pending, on.client);
    // What became of it on a connection that is gone is not known: it is sent again on the next one.
    if (on !== course || outcome === "unanswered") return;
    if (outcome === "told") {
      refusals.delete(pending.number);
      journal.acknowledged(pending.number);
    } else refused(pending);
  }

  function refused({ number, ack }: PendingAck): void {
    const times = (refusals.get(number) ?? 0) + 1;
    if (times < REFUSALS_MAX) {
      refusals.set(number, times);
      retry ??= clock.schedule(RETRY_MS, startOver);
      return;
    }
    refusals.delete(number);
    journal.acknowledged(number);
    const { id, name, status } = ack;
    log.warn(`the broker refused an answer on ${ackTopic} ${times} times; it is dropped`, {
      id,
      command: name,
      status,
    });
  }

  function startOver(): void {
    retry = null;
    if (course !== null) course.startsOver = true;
    wake();
  }

  async function send({ ack, response }: PendingAck, client: Publisher): Promise<Sent> {
    const payload = JSON.stringify(ack);
    const own = publish(client, ackTopic, payload, { qos: 1 });
    if (response === null) return await own;
    const { topic, correlation } = response;
    const there = await publish(client, topic, payload, {
      qos: 1,
      ...(correlation === null ? {} : { correlationData: correlation }),
    });
    if (there === "refused") {
      // Whoever named it may have no right to what it named; the ack topic has the answer.
      log.warn(`the broker refused an answer on the response topic ${JSON.stringify(topic)}`, {
        id: ack.id,
      });
    }
    return there === "unanswered" ? there : await own;
  }

  return {
    wake,
    connected: (client) => {
      course = {
        client,
        sentThrough: 0,
        startsOver: false,
        isPumping: false,
        pumped: Promise.resolve(),
      };
      wake();
    },
    disconnected: () => {
      course = null;
    },
    settled: async (timeoutMs) => {
      const late = Promise.withResolvers<void>();
      using _timer = clock.schedule(timeoutMs, () => late.resolve());
      await Promise.race([course?.pumped, late.promise]);
    },
    [Symbol.dispose]: () => {
      course = null;
      retry?.[Symbol.dispose]();
    },
  };
}

type Sent = "told" | "refused" | "unanswered";

async function publish(
  client: Publisher,
  topic: string,
  payload: string,
  how: PublishOptions,
): Promise<Sent> {
  try {
    await client.publish(topic, payload, how);
    return "told";
  } catch (error) {
    return isRefusal(error) ? "refused" : "unanswered";
  }
}

const TOPIC_BYTES_MAX = 512;
const CORRELATION_BYTES_MAX = 1_024;

/** The first levels of topics on which programs hear orders or facts, and no answers, wherever nothing else is configured. */
const NOT_BELOW: readonly string[] = [
  "devices",
  "losant",
  "weir",
  "homeassistant",
  "DATA",
  "STATS",
];
/** Devices below any other prefix. */
const NOT_AT_THE_END: readonly string[] = ["command", "state", "availability", "ack"];

/**
 * Where the one who asked awaits an answer; `null` for nowhere, `refused` for a topic that must not be
 * written to. A device is a deputy that may be confused: with its own rights, which may be more than
 * those of the one who asks, it would give orders to other devices, forge their states, or tell stats
 * what nobody has measured. So an answer goes to none of the topics that have a meaning already; and
 * an answer that is led to a device by some other way is no command, because it has a `status`.
 *
 * @param reserved such topics, or their first levels, as they are configured.
 */
export function responseAddressOf(
  { responseTopic, correlationData }: Pick<InboundMessage, "responseTopic" | "correlationData">,
  device: DeviceAddress,
  reserved: readonly string[] = [],
): ResponseAddress | "refused" | null {
  if (responseTopic === undefined) return null;
  const correlation = correlationData ?? null;
  const isSound =
    isAnswerable(responseTopic, [...NOT_BELOW, device.prefix, ...reserved]) &&
    (correlation?.length ?? 0) <= CORRELATION_BYTES_MAX;
  return isSound ? { topic: responseTopic, correlation } : "refused";
}

function isAnswerable(topic: string, reserved: readonly string[]): boolean {
  if (topicProblem(topic) !== null || Buffer.byteLength(topic) > TOPIC_BYTES_MAX) return false;
  // A prefix of devices may have wildcards.
  if (reserved.some((start) => matchesFilter(`${start}/#`, topic))) return false;
  return !NOT_AT_THE_END.includes(topic.split("/").at(-1) ?? "");
}
