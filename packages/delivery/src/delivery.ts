import {
  backoffMs,
  type ClientOptions,
  createReconnectingClient,
  type Subscription,
  type TakesMessages,
} from "@weir/mqtt";
import { PAYLOAD_BYTES_MAX, topicProblem } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import {
  AlarmLane,
  EVENT_TTL_MS,
  EventLane,
  type KindSettings,
  kindProblem,
  type Outcome,
  TelemetryLane,
} from "./classes.ts";
import type { OutboxOptions } from "./outbox.ts";
import { createReconnectGate, ON_BATTERY, type PowerPolicy } from "./reconnect.ts";
import type { MessageOutcome } from "./sender.ts";

/** The client's options that a delivery sets itself. */
type OwnClientOption = "clock" | "random" | "reconnect" | "subscriptions";

export interface DeliveryOptions<Kind extends string> {
  /** The client to the broker. Its own subscriptions and callbacks work as without a delivery. */
  client: Omit<ClientOptions & TakesMessages, OwnClientOption> & {
    subscriptions?: readonly Subscription[];
  };
  /** The application's kinds of messages, each with its class. */
  kinds: Readonly<Record<Kind, KindSettings>>;
  /** Where alarms wait. Required when a kind is an alarm. `limits.rowsMax` is 10,000 by default. */
  outbox?: Omit<OutboxOptions, "clock" | "onOutcome">;
  /** Called for alarms of an earlier run, for which no `send` waits any more. */
  onEarlierOutcome?: (outcome: MessageOutcome) => void;
  /** How to reconnect to a broker that is away. Default `ON_BATTERY`. */
  power?: PowerPolicy;
  clock: Clock;
  /** A number in [0, 1) for the jitter. Default Math.random. */
  random?: () => number;
}

/** Bytes for what is added to a payload: the expiry, or the place in a sequence. */
const ENVELOPE_BYTES = 256;

/** Sends each kind of message as its class demands, and returns the outcome of each message. */
export type Delivery<Kind extends string> = ReturnType<typeof createDelivery<Kind>>;

/**
 * @throws TypeError, RangeError when a setting is wrong, or a required one is missing.
 * @throws Fault when another process has the outbox's file open, or when it cannot be written.
 */
export function createDelivery<Kind extends string>(options: DeliveryOptions<Kind>) {
  const { kinds, clock, power = ON_BATTERY, random = Math.random } = options;
  checkKinds(kinds, options.outbox !== undefined);

  const gate = createReconnectGate({
    delay: (attempt) => backoffMs(power.backoff, attempt, random()),
    budget: power.budget,
    clock,
  });
  let attempts = 0;

  const onEarlierOutcome = options.onEarlierOutcome ?? (() => {});
  const alarms =
    options.outbox && new AlarmLane({ ...options.outbox, clock }, gate.hurry, onEarlierOutcome);
  const client = createReconnectingClient({
    ...options.client,
    subscriptions: [
      ...(options.client.subscriptions ?? []),
      ...(alarms === undefined ? [] : [alarms.outbox.subscription]),
    ],
    onMessage: (message) => {
      if (alarms?.outbox.receive(message)) return;
      options.client.onMessage?.(message);
    },
    onConnected: (connected) => {
      gate.connected();
      alarms?.connected(client);
      events.connected();
      telemetry.connected();
      options.client.onConnected?.(connected);
    },
    onDisconnected: (reason, remedy) => {
      for (const lane of [alarms, events, telemetry]) lane?.disconnected();
      options.client.onDisconnected?.(reason, remedy);
    },
    reconnect: async (attempt, signal) => {
      await gate.reconnect(attempt, signal);
      if (!signal.aborted) attempts += 1;
    },
    clock,
    random,
  });
  const telemetry = new TelemetryLane(client.publish);
  const events = new EventLane(client.publish, gate.hurry, clock);

  return {
    /** Begins to connect. Messages may be sent before. */
    start: client.start,
    /**
     * Resolves with the outcome of the message, however long that takes. Never rejects because of the
     * message or the network.
     */
    send: async (kind: Kind, topic: string, payload: object): Promise<Outcome> => {
      if (!Object.hasOwn(kinds, kind)) throw new TypeError(`there is no kind ${kind}`);
      const settings = kinds[kind];
      const problem = topicProblem(topic) ?? payloadProblem(payload);
      if (problem !== null) return { kind: "refused", reason: problem };
      switch (settings.class) {
        case "telemetry":
          return await telemetry.send(kind, topic, payload);
        case "event":
          return await events.send(topic, payload, settings.ttlMs ?? EVENT_TTL_MS);
        case "alarm":
          // checkKinds has made sure that there is an outbox.
          return await (alarms as AlarmLane).send(topic, payload);
      }
    },
    /** Bypasses all classes, for what is kept elsewhere: answers, retained descriptions. */
    publish: client.publish,
    /** How often it has tried to reconnect since it was created. */
    attempts: () => attempts,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await client[Symbol.asyncDispose]();
      telemetry[Symbol.dispose]();
      events[Symbol.dispose]();
      await alarms?.[Symbol.asyncDispose]();
    },
  };
}

function checkKinds(kinds: Readonly<Record<string, KindSettings>>, hasOutbox: boolean): void {
  for (const [kind, settings] of Object.entries(kinds)) {
    const problem =
      settings.class === "alarm" && !hasOutbox
        ? "alarms need an outbox: give the delivery one"
        : kindProblem(settings);
    if (problem !== null) throw new TypeError(`the kind ${kind}: ${problem}`);
  }
}

/** What keeps a payload from being sent; `null` when it is valid. */
function payloadProblem(payload: object): string | null {
  const bytesMax = PAYLOAD_BYTES_MAX - ENVELOPE_BYTES;
  try {
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    return bytes > bytesMax ? `a payload has at most ${bytesMax} bytes, not ${bytes}` : null;
  } catch {
    return "the payload cannot be written as JSON";
  }
}
