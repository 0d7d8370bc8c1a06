import { randomUUID } from "node:crypto";
import { addAbortListener } from "node:events";
import {
  type ClientLogger,
  createReconnectingClient,
  type InboundMessage,
  isRefusal,
} from "@weir/mqtt";
import {
  COMMAND_STATUSES,
  type CommandAck,
  type CommandOutcome,
  type CommandStatus,
  deviceTopics,
  endsCommand,
  parseCommandAck,
  textOf,
} from "@weir/protocol";
import { type Clock, errorMessage, visible } from "@weir/runtime";
import type { SendRequest } from "./command.ts";

/** The outcome of sending a command. */
export type SendOutcome =
  | ({ kind: "ended" } & Ended)
  | { kind: "no answer"; last: CommandAck | null; availability: string | null }
  | { kind: "no broker"; reason: string; remedy: string }
  | { kind: "refused"; reason: string }
  | { kind: "stopped" };

/** Sends a command and waits for its end. */
export async function sendCommand(
  request: SendRequest,
  {
    clock,
    logger,
    signal,
    onAck,
  }: {
    clock: Clock;
    logger: ClientLogger;
    /** Ends it. */
    signal: AbortSignal;
    /** Called for each ack of this command, in order. */
    onAck: (ack: CommandAck) => void;
  },
): Promise<SendOutcome> {
  const topics = deviceTopics(request.address);
  const message = messageOf(request, clock.now());
  const following = new Following();
  const outcome = Promise.withResolvers<SendOutcome>();
  let availability: string | null = null;
  let wasConnected = false;

  function receive({ topic, payload, retained }: InboundMessage): void {
    if (topic === topics.availability) availability = textOf(payload).slice(0, 20);
    if (topic !== topics.ack || retained) return;
    const ack = parseCommandAck(payload);
    if (ack === null || ack.id !== request.id) return;
    onAck(ack);
    const ended = following.take(ack);
    if (ended !== null) outcome.resolve({ kind: "ended", ...ended });
  }

  async function publish(): Promise<void> {
    following.sent();
    try {
      await client.publish(topics.command, message, { qos: 1 });
    } catch (error) {
      if (isRefusal(error)) outcome.resolve({ kind: "refused", reason: errorMessage(error) });
      // Otherwise the connection is lost, and the next one sends it again: its id makes that safe.
    }
  }

  await using client = createReconnectingClient({
    broker: request.broker,
    clientId: `weir-command-${randomUUID()}`,
    session: { kind: "clean" },
    // Both before it is sent: then no answer is missed, and the availability of the device is known.
    subscriptions: [
      { filter: topics.ack, qos: 1 },
      { filter: topics.availability, qos: 1 },
    ],
    onMessage: receive,
    onConnected: () => {
      wasConnected = true;
      void publish();
    },
    onDisconnected: (reason, remedy) => {
      if (wasConnected) return;
      outcome.resolve(
        isAboutRights(reason) ? { kind: "refused", reason } : { kind: "no broker", reason, remedy },
      );
    },
    clock,
    logger,
  });
  using _stopping = addAbortListener(signal, () => outcome.resolve({ kind: "stopped" }));
  using _timer = clock.schedule(request.timeoutMs, () =>
    outcome.resolve({ kind: "no answer", last: following.last, availability }),
  );
  client.start();
  return await outcome.promise;
}

function messageOf(request: SendRequest, nowMs: number): string {
  const { id, name, payload, expiresMs, address } = request;
  return JSON.stringify({
    id,
    name,
    payload,
    issuedAt: nowMs,
    expiresAt: nowMs + expiresMs,
    // As Losant's platform sends it.
    ...(address.prefix === "losant" ? { time: { $date: new Date(nowMs).toISOString() } } : {}),
  });
}

/** The reasons of MQTT's codes about users and rights, and of a refused subscription. */
function isAboutRights(reason: string): boolean {
  return /not authori[sz]ed|user ?name or password|banned|cannot subscribe/i.test(reason);
}

/** A command's end, as its sender knows it. */
interface Ended {
  status: CommandOutcome;
  ack: CommandAck;
}

/**
 * Follows one command by the acks of its id.
 *
 * A command may reach its device twice: when a connection is lost, both sender and broker send again.
 * Then the device answers our own command with `duplicate`, and the outcome of the first copy is ours.
 * Without a second sending and without an earlier ack, the duplicate is of another sender's command.
 */
export class Following {
  /** The newest ack; `null` before the first. */
  last: CommandAck | null = null;
  #timesSent = 0;

  sent(): void {
    this.#timesSent += 1;
  }

  /** Returns the end; `null` while the command goes on. */
  take(ack: CommandAck): Ended | null {
    const isOwnAgain = ack.status === "duplicate" && (this.#timesSent > 1 || this.last !== null);
    const status = isOwnAgain ? firstOf(ack) : ack.status;
    if (!isOwnAgain) this.last = ack;
    return status !== null && endsCommand(status) ? { status, ack } : null;
  }
}

function firstOf({ result }: CommandAck): CommandStatus | null {
  const first = typeof result === "object" && result !== null && "first" in result && result.first;
  return COMMAND_STATUSES.find((status) => status === first) ?? null;
}

/** One status of a command, for people: its result or its error beside it. */
export function describeAck({ status, result, error }: CommandAck): string {
  const words = visible(error ?? (result === undefined ? "" : JSON.stringify(result)));
  return words === "" ? status : `${status.padEnd(9)} ${words}`;
}

/** Why a command has not ended, and the remedy; `null` where the ack says all. */
export function describeOutcome(
  outcome: SendOutcome,
  { address, broker, timeoutMs }: SendRequest,
): string | null {
  const device = `${address.prefix}/${address.id}`;
  switch (outcome.kind) {
    case "ended":
      return outcome.status === outcome.ack.status
        ? null
        : `it is ${outcome.status}; the answer with its result came while there was no connection`;
    case "no answer":
      return `${silence(outcome.last)} within ${timeoutMs} ms: ${device} ${presence(outcome.availability)}`;
    case "no broker":
      return `no connection to ${broker.url}: ${visible(outcome.reason)}\n${outcome.remedy}`;
    case "refused":
      return `the broker at ${broker.url} refused it: ${visible(outcome.reason)}\nCheck BROKER_USERNAME and BROKER_PASSWORD, and what the broker allows this user. In the secured suite only an operator sends commands: docs/how-to/secure-the-suite.md.`;
    case "stopped":
      return "stopped waiting; what was sent is not taken back";
  }
}

function silence(last: CommandAck | null): string {
  return last === null
    ? "no answer"
    : `it is ${last.status}, and the device has not reported its end`;
}

function presence(availability: string | null): string {
  switch (availability) {
    case "online":
      return "is online; does this user's command reach it?";
    case "offline":
      return "is offline; when it is back it answers that the command has expired, if the broker kept it";
    default:
      return "has never reported that it is there; is its id right, and its --prefix? A program made for Losant's platform neither reports nor answers.";
  }
}
