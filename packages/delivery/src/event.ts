import { isRefusal, type ReconnectingClient } from "@weir/mqtt";
import { type Clock, errorMessage } from "@weir/runtime";
import { expiring, expirySeconds, type Outcome, STOPPED } from "./lane.ts";

/** Sends events with QoS 1 while they are of use. An event may arrive twice, but not late. */
export interface EventLane extends Disposable {
  send(topic: string, payload: object, ttlMs: number): Promise<Outcome>;
  connected(): void;
  disconnected(): void;
}

export interface EventLaneOptions {
  publish: ReconnectingClient["publish"];
  /** Called when an event begins to wait for a connection, with how long it will. */
  onWaiting: (forMs: number) => void;
  clock: Clock;
}

interface WaitingEvent {
  topic: string;
  payload: string;
  /** On the monotonic clock. */
  dueMs: number;
  isUnderWay: boolean;
  wasSent: boolean;
  settle: (outcome: Outcome) => void;
}

/** Events without an outcome at most. One more is dropped at once, so that the user can be told. */
const EVENTS_MAX = 100;

export function createEventLane({ publish, onWaiting, clock }: EventLaneOptions): EventLane {
  // In the order of sending.
  const waiting = new Set<WaitingEvent>();
  let isConnected = false;
  let isStopped = false;

  function transmit(event: WaitingEvent): void {
    const remainingMs = event.dueMs - clock.monotonic();
    if (event.isUnderWay || remainingMs <= 0) return;
    event.isUnderWay = true;
    event.wasSent = true;
    publish(event.topic, event.payload, { qos: 1, expirySeconds: expirySeconds(remainingMs) }).then(
      () => event.settle({ kind: "delivered" }),
      (error: unknown) => {
        event.isUnderWay = false;
        // Else the connection is gone, and the event waits for the next one.
        if (isRefusal(error)) event.settle({ kind: "refused", reason: errorMessage(error) });
      },
    );
  }

  return {
    send: async (topic, payload, ttlMs) => {
      if (isStopped) return { kind: "dropped", reason: STOPPED };
      if (waiting.size >= EVENTS_MAX) {
        return { kind: "dropped", reason: `${EVENTS_MAX} events wait already` };
      }
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const event: WaitingEvent = {
        topic,
        payload: JSON.stringify(expiring(payload, clock.now() + ttlMs)),
        dueMs: clock.monotonic() + ttlMs,
        isUnderWay: false,
        wasSent: false,
        settle: resolve,
      };
      using _timer = clock.schedule(ttlMs, () => resolve(expired(event, ttlMs)));
      waiting.add(event);
      if (isConnected) transmit(event);
      else onWaiting(ttlMs);
      try {
        return await promise;
      } finally {
        waiting.delete(event);
      }
    },
    connected: () => {
      isConnected = true;
      for (const event of waiting) transmit(event);
    },
    disconnected: () => {
      isConnected = false;
      for (const { dueMs } of waiting) onWaiting(dueMs - clock.monotonic());
    },
    [Symbol.dispose]: () => {
      isStopped = true;
      for (const { settle } of waiting) settle({ kind: "dropped", reason: STOPPED });
    },
  };
}

function expired({ wasSent }: WaitingEvent, ttlMs: number): Outcome {
  const reason = wasSent
    ? `sent, but the broker has not acknowledged it within ${ttlMs} ms: whether it arrived is unknown`
    : `there was no connection within ${ttlMs} ms`;
  return { kind: "expired", reason };
}
