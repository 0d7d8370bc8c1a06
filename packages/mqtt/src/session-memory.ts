import type { Subscription } from "./connection/connection.ts";
import { FAILURE_MIN } from "./packets/errors.ts";

/** A subscription of a session. */
export interface HeldSubscription extends Subscription {
  /** The broker's answer, where it differs from what was asked for: a lower QoS, or from 0x80 on a refusal. */
  granted?: number;
}

/** Whether the broker has not refused the subscription. */
export function isHeld({ granted = 0 }: HeldSubscription): boolean {
  return granted < FAILURE_MIN;
}

/** What is known of a session at the broker. */
export interface SessionRecord {
  /** The subscriptions that the session may have; none where nothing is known. */
  subscriptions: readonly HeldSubscription[];
  /**
   * Whether the session certainly has all of them. It is false from CONNECT, which may begin a new and
   * empty session, until the broker has answered: a client that is killed in between must not trust the
   * session that it finds.
   */
  isAgreed: boolean;
  /**
   * A session that the broker keeps was not made from this memory: it may have subscriptions that are
   * not known here. Left out where the memory does not know.
   */
  isStrange?: boolean;
}

/** What a client remembers of its session: MQTT cannot list subscriptions, and a session outlives the process. */
export interface SessionMemory {
  load(): SessionRecord;
  save(record: SessionRecord): void;
}

/** A memory that lasts as long as the process. */
export function createSessionMemory(): SessionMemory {
  let remembered: SessionRecord = { subscriptions: [], isAgreed: false };
  return {
    load: () => remembered,
    save: (record) => {
      remembered = record;
    },
  };
}
