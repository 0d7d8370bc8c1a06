import {
  type InboundMessage,
  isRefusal,
  type PublishOptions,
  type ReconnectingClient,
} from "@weir/mqtt";
import { type DeviceAddress, deviceTopics, matchesFilter, topicProblem } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import type { DeviceLog } from "../report/log.ts";
import type { Journal, PendingAck, ResponseAddress } from "./journal.ts";

type Publisher = Pick<ReconnectingClient, "publish">;

/** The progress on one connection. */
interface Connection {
  client: Publisher;
  /** The number of the last ack that was sent. */
  sentThrough: number;
  /** A refused ack is to be sent again. */
  startsOver: boolean;
  isSending: boolean;
  sent: Promise<void>;
}

type Outcome = "acknowledged" | "refused" | "unanswered";

const IN_FLIGHT_MAX = 20;
/** After so many refusals an ack is dropped. Until then it does not block others. */
const REFUSALS_MAX = 3;
const RETRY_MS = 10_000;

interface AckSenderOptions {
  device: DeviceAddress;
  journal: Pick<Journal, "pendingAcks" | "acknowledged">;
  log: Pick<DeviceLog, "warn">;
  clock: Clock;
  onFault: (fault: unknown) => void;
}

/** Sends the acks of the journal in their order, and removes those that the broker has acknowledged. */
export class AckSender implements Disposable {
  #options: AckSenderOptions;
  #ackTopic: string;
  #refusals = new Map<number, number>();
  #connection: Connection | null = null;
  #retry: Disposable | null = null;

  constructor(options: AckSenderOptions) {
    this.#options = options;
    this.#ackTopic = deviceTopics(options.device).ack;
  }

  /** Sends the acks of the journal that have not been sent on this connection. */
  sendPending(): void {
    const on = this.#connection;
    if (on === null || on.isSending) return;
    on.isSending = true;
    on.sent = this.#sendAll(on).catch(this.#options.onFault);
  }

  connected(client: Publisher): void {
    this.#connection = {
      client,
      sentThrough: 0,
      startsOver: false,
      isSending: false,
      sent: Promise.resolve(),
    };
    this.sendPending();
  }

  disconnected(): void {
    this.#connection = null;
  }

  /** Resolves when no ack is in flight, or after `timeoutMs`. */
  async settled(timeoutMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    using _timer = this.#options.clock.schedule(timeoutMs, () => late.resolve());
    await Promise.race([this.#connection?.sent, late.promise]);
  }

  [Symbol.dispose](): void {
    this.#connection = null;
    this.#retry?.[Symbol.dispose]();
  }

  async #sendAll(on: Connection): Promise<void> {
    try {
      for (let acks = this.#next(on); acks.length > 0; acks = this.#next(on)) {
        await Promise.all(acks.map((ack) => this.#send(ack, on)));
      }
    } finally {
      // Without an await since the last look: a later `sendPending` starts again.
      on.isSending = false;
    }
  }

  #next(on: Connection): readonly PendingAck[] {
    if (on !== this.#connection) return [];
    if (on.startsOver) {
      on.startsOver = false;
      on.sentThrough = 0;
    }
    const acks = this.#options.journal.pendingAcks(on.sentThrough, IN_FLIGHT_MAX);
    on.sentThrough = acks.at(-1)?.number ?? on.sentThrough;
    return acks;
  }

  async #send(pending: PendingAck, on: Connection): Promise<void> {
    const outcome = await this.#publish(pending, on.client);
    // The next connection sends it again: whether it arrived on a lost one is unknown.
    if (on !== this.#connection || outcome === "unanswered") return;
    if (outcome === "acknowledged") {
      this.#refusals.delete(pending.number);
      this.#options.journal.acknowledged(pending.number);
    } else this.#refused(pending);
  }

  #refused({ number, ack }: PendingAck): void {
    const { journal, log, clock } = this.#options;
    const times = (this.#refusals.get(number) ?? 0) + 1;
    if (times < REFUSALS_MAX) {
      this.#refusals.set(number, times);
      this.#retry ??= clock.schedule(RETRY_MS, () => {
        this.#retry = null;
        if (this.#connection !== null) this.#connection.startsOver = true;
        this.sendPending();
      });
      return;
    }
    this.#refusals.delete(number);
    journal.acknowledged(number);
    const { id, name, status } = ack;
    log.warn(`the broker refused an ack on ${this.#ackTopic} ${times} times; it is dropped`, {
      id,
      command: name,
      status,
    });
  }

  /** Sends an ack to its response topic, if it has one, and to the ack topic, whose outcome counts. */
  async #publish({ ack, response }: PendingAck, client: Publisher): Promise<Outcome> {
    const payload = JSON.stringify(ack);
    const own = publish(client, this.#ackTopic, payload, { qos: 1 });
    if (response === null) return await own;
    const { topic, correlation } = response;
    const there = await publish(client, topic, payload, {
      qos: 1,
      ...(correlation === null ? {} : { correlationData: correlation }),
    });
    if (there === "refused") {
      const { log } = this.#options;
      log.warn(`the broker refused a response on the topic ${JSON.stringify(topic)}`, {
        id: ack.id,
      });
    }
    return there === "unanswered" ? there : await own;
  }
}

async function publish(
  client: Publisher,
  topic: string,
  payload: string,
  options: PublishOptions,
): Promise<Outcome> {
  try {
    await client.publish(topic, payload, options);
    return "acknowledged";
  } catch (error) {
    return isRefusal(error) ? "refused" : "unanswered";
  }
}

const TOPIC_BYTES_MAX = 512;
const CORRELATION_BYTES_MAX = 1_024;

/** The default first levels of topics that programs take commands or data from. */
const RESERVED: readonly string[] = ["devices", "losant", "weir", "homeassistant", "DATA", "STATS"];
/** The last levels of a device's topics, below any prefix. */
const RESERVED_ENDS: readonly string[] = ["command", "state", "availability", "ack"];

/**
 * Where the sender of a command expects its response; `null` for nowhere, `refused` for a topic that must not be
 * written to. A device is a confused deputy: with its own rights, which may exceed the sender's, it could
 * command other devices, forge their states, or send false readings to stats. So it responds to no topic that
 * already has a meaning. Where a broker forwards a response to a device, its `status` marks it as no command.
 *
 * @param reserved such topics, or their first levels, from the configuration.
 */
export function responseAddressOf(
  { responseTopic, correlationData }: Pick<InboundMessage, "responseTopic" | "correlationData">,
  device: DeviceAddress,
  reserved: readonly string[],
): ResponseAddress | "refused" | null {
  if (responseTopic === undefined) return null;
  const correlation = correlationData ?? null;
  const isAllowed =
    topicProblem(responseTopic) === null &&
    Buffer.byteLength(responseTopic) <= TOPIC_BYTES_MAX &&
    (correlation?.length ?? 0) <= CORRELATION_BYTES_MAX &&
    // As a filter, because a configured prefix may have wildcards.
    ![...RESERVED, device.prefix, ...reserved].some((start) =>
      matchesFilter(`${start}/#`, responseTopic),
    ) &&
    !RESERVED_ENDS.includes(responseTopic.split("/").at(-1) ?? "");
  return isAllowed ? { topic: responseTopic, correlation } : "refused";
}
