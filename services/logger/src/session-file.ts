import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { SessionMemory, SessionRecord } from "@weir/mqtt";
import type { Takers } from "./plan.ts";

/** What a logger remembers of its session beside the subscriptions. */
interface SessionHistory {
  /** The streams that take its messages. */
  takers: Takers;
  /**
   * The identifiers of all subscriptions that were made in it, 0 for one without: what was queued long ago
   * still comes with them.
   */
  identifiers: readonly number[];
}

/** Another client id or broker has another session. */
interface SessionOwner {
  clientId: string;
  brokerUrl: string;
}

type Remembered = SessionOwner & SessionRecord & Partial<SessionHistory>;

/** Far more than a session has subscriptions. */
const IDENTIFIERS_MAX = 20_000;

/**
 * Remembers the session's subscriptions in a small file beside the store. Without the file, or with the
 * file of another broker or client id, a session that the broker keeps is a strange one.
 */
export class SessionFile implements SessionMemory {
  readonly #file: string;
  readonly #owner: SessionOwner;
  /** The next `save` writes it. */
  history: SessionHistory;

  constructor(file: string, owner: SessionOwner) {
    this.#file = file;
    this.#owner = owner;
    const { takers = {}, identifiers = [] } = read(file) ?? {};
    this.history = { takers, identifiers };
  }

  load(): SessionRecord {
    const { clientId, brokerUrl } = this.#owner;
    const remembered = read(this.#file);
    if (remembered?.clientId !== clientId) {
      return { subscriptions: [], isAgreed: false, isStrange: true };
    }
    const { subscriptions, isAgreed } = remembered;
    // The URL may be another name of the same broker: then the session has these subscriptions.
    if (remembered.brokerUrl !== brokerUrl) {
      return { subscriptions, isAgreed: false, isStrange: true };
    }
    return { subscriptions, isAgreed: isAgreed === true };
  }

  save({ subscriptions, isAgreed }: SessionRecord): void {
    const temporary = `${this.#file}.writing`;
    const { takers } = this.history;
    const identifiers = this.history.identifiers.slice(-IDENTIFIERS_MAX);
    const remembered: Remembered = {
      ...this.#owner,
      subscriptions,
      isAgreed,
      takers,
      identifiers,
    };
    writeFileSync(temporary, JSON.stringify(remembered), { flush: true });
    renameSync(temporary, this.#file);
  }
}

function read(file: string): Remembered | null {
  try {
    // Only `save` writes this file.
    return JSON.parse(readFileSync(file, "utf8")) as Remembered;
  } catch {
    return null;
  }
}
