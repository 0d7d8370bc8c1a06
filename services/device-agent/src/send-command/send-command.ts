import { randomUUID } from "node:crypto";
import { addAbortListener } from "node:events";
import type { Clock } from "@weir/clock";
import { errorMessage } from "@weir/fault";
import { type CommandAck, deviceTopics, parseCommandAck, textOf } from "@weir/messages";
import { createLink, type InboundMessage, isRefusal, type LinkLogger } from "@weir/mqtt";
import type { SendRequest } from "./command-line.ts";
import { createFollowing, type Ended } from "./follow.ts";

/** What came of sending a command. */
export type SendOutcome =
  | ({ kind: "ended" } & Ended)
  | { kind: "no answer"; last: CommandAck | null; availability: string | null }
  | { kind: "no broker"; reason: string; remedy: string }
  | { kind: "refused"; reason: string }
  | { kind: "stopped" };

export interface SendOptions {
  clock: Clock;
  logger: LinkLogger;
  /** Ends it. */
  signal: AbortSignal;
  /** Called for each ack of this command, in order. */
  onAck: (ack: CommandAck) => void;
}

/** Sends a command and waits for its end. */
export async function sendCommand(
  request: SendRequest,
  { clock, logger, signal, onAck }: SendOptions,
): Promise<SendOutcome> {
  const topics = deviceTopics(request.address);
  const message = messageOf(request, clock.now());
  const following = createFollowing();
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
      await link.publish(topics.command, message, { qos: 1 });
    } catch (error) {
      if (isRefusal(error)) outcome.resolve({ kind: "refused", reason: errorMessage(error) });
      // Else the connection is gone, and it is sent again on the next one: its id makes that safe.
    }
  }

  await using link = createLink({
    broker: request.broker,
    clientId: `weir-command-${randomUUID()}`,
    session: { kind: "clean" },
    // Both before it is sent: no answer is missed, and it is known whether the device is there.
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
    outcome.resolve({ kind: "no answer", last: following.last(), availability }),
  );
  link.start();
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
    // As that platform sends it to programs that are made for it.
    ...(address.prefix === "losant" ? { time: { $date: new Date(nowMs).toISOString() } } : {}),
  });
}

/** A link tells the end of a connection in words: those of MQTT's codes for users and rights. */
function isAboutRights(reason: string): boolean {
  return /not authori[sz]ed|user ?name or password|banned|cannot subscribe/i.test(reason);
}
