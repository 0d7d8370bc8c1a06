import {
  backoffMs,
  createReconnectingClient,
  type ReconnectingClient,
  type ReconnectingClientOptions,
  type Subscription,
} from "@weir/mqtt";
import { PAYLOAD_BYTES_MAX, topicProblem } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { type AlarmLane, createAlarmLane, type EarlierOutcome } from "./alarm.ts";
import { createEventLane } from "./event.ts";
import { EVENT_TTL_MS, type KindSettings, kindProblem, type Outcome } from "./lane.ts";
import { type OutboxOptions, openOutbox } from "./outbox.ts";
import { createReconnectGate, ON_BATTERY, type PowerPolicy } from "./reconnect.ts";
import { createTelemetryLane } from "./telemetry.ts";

/** What a delivery decides itself. */
type OwnLinkOption = "clock" | "random" | "delay" | "reconnect" | "subscriptions" | "onBatch";

export interface DeliveryOptions<Kind extends string> {
  /** The client to the broker; its own subscriptions and callbacks work as without a delivery. */
  client: Omit<ReconnectingClientOptions, OwnLinkOption> & {
    subscriptions?: readonly Subscription[];
  };
  /** The application's kinds of messages, each with its class. */
  kinds: Readonly<Record<Kind, KindSettings>>;
  /** Where alarms wait. Needed as soon as one kind is an alarm. `limits.rowsMax` is 10,000 by default. */
  outbox?: Omit<OutboxOptions, "clock" | "onOutcome">;
  /** Called for alarms of an earlier run, for which no `send` waits any more. */
  onEarlierOutcome?: (outcome: EarlierOutcome) => void;
  /** How to look for a broker that is away. Default `ON_BATTERY`. */
  power?: PowerPolicy;
  /** Replaces the backoff of `power`, see `ReconnectingClientOptions.delay`. Its budget holds all the same. */
  delay?: (attempt: number) => number;
  /** Replaces backoff, budget and haste, see `ReconnectingClientOptions.reconnect`. */
  reconnect?: (attempt: number, signal: AbortSignal) => Promise<void>;
  clock: Clock;
  /** A number in [0, 1) for the jitter. Default Math.random. */
  random?: () => number;
}

/** Sends each kind of message as its class demands, and tells the outcome of each message. */
export interface Delivery<Kind extends string> extends AsyncDisposable {
  /** Begins to connect. Messages may be sent before. */
  start(): void;
  /**
   * Resolves with what became of the message, however long that takes. Never rejects for a reason
   * that lies in the message or the network.
   */
  send(kind: Kind, topic: string, payload: object): Promise<Outcome>;
  /** Past all classes, for what has a keeping of its own: answers, retained descriptions. */
  publish: ReconnectingClient["publish"];
  /** How often it has tried to reconnect since it was made. */
  attempts(): number;
}

/** Alarms that wait at most, unless the application says otherwise. */
const ALARMS_MAX = 10_000;
/** Room for what is added to a payload: expiry, or the place in a sequence. */
const ENVELOPE_BYTES = 256;

/**
 * @throws TypeError, RangeError when a setting is wrong, or one that is needed is missing.
 * @throws Fault when the outbox's file is open elsewhere or cannot be written.
 */
export function createDelivery<Kind extends string>(
  options: DeliveryOptions<Kind>,
): Delivery<Kind> {
  const { kinds, clock, power = ON_BATTERY, random = Math.random } = options;
  checkKinds(kinds, options.outbox !== undefined);

  const gate = createReconnectGate({
    delay: options.delay ?? ((attempt) => backoffMs(power.backoff, attempt, random())),
    budget: power.budget,
    clock,
  });
  const pass = options.reconnect ?? gate.reconnect;
  let attempts = 0;

  const alarms = options.outbox && openAlarms(options.outbox);
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
      await pass(attempt, signal);
      if (!signal.aborted) attempts += 1;
    },
    clock,
    random,
  });
  const telemetry = createTelemetryLane(client.publish);
  const events = createEventLane({ publish: client.publish, onWaiting: gate.hurry, clock });

  function openAlarms(outbox: Omit<OutboxOptions, "clock" | "onOutcome">): AlarmLane {
    const limits = { rowsMax: ALARMS_MAX, ...outbox.limits };
    return createAlarmLane({
      openOutbox: (onOutcome) => openOutbox({ ...outbox, limits, onOutcome, clock }),
      onWaiting: gate.hurry,
      onEarlierOutcome: options.onEarlierOutcome ?? (() => {}),
    });
  }

  return {
    start: client.start,
    send: async (kind, topic, payload) => {
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
          // Without an outbox there is no such kind.
          return await (alarms as AlarmLane).send(topic, payload);
      }
    },
    publish: client.publish,
    attempts: () => attempts,
    [Symbol.asyncDispose]: async () => {
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

/** Says what keeps a payload from being sent; `null` when it is sound. */
function payloadProblem(payload: object): string | null {
  const bytesMax = PAYLOAD_BYTES_MAX - ENVELOPE_BYTES;
  try {
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    return bytes > bytesMax ? `a payload has at most ${bytesMax} bytes, not ${bytes}` : null;
  } catch {
    return "the payload cannot be written as JSON";
  }
}
