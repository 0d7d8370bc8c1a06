import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { SessionMemory, SessionRecord } from "@weir/mqtt";
import type { Takers } from "./takers.ts";

/** Whose session it is: another client id or broker has another one. */
export interface SessionOwner {
  clientId: string;
  brokerUrl: string;
}

/** What else a logger remembers of its session. */
interface SessionHistory {
  /** Who takes its messages. */
  takers: Takers;
  /**
   * The identifiers of all subscriptions that were made in it, 0 for one without: what was queued long ago
   * still comes with them.
   */
  identifiers: readonly number[];
}

export interface SessionFile extends SessionMemory {
  history(): SessionHistory;
  /** Has the next `save` remember this. */
  setHistory(history: SessionHistory): void;
}

type Remembered = SessionOwner & SessionRecord & Partial<SessionHistory>;

/** More than a session has subscriptions, by far. */
const IDENTIFIERS_MAX = 20_000;

/**
 * Remembers the session's subscriptions in a small file beside the store. Without the file, or with one
 * of another broker or client id, a session that the broker keeps is a strange one.
 */
export function openSessionFile(file: string, owner: SessionOwner): SessionFile {
  const { clientId, brokerUrl } = owner;
  const found = read(file);
  let history: SessionHistory = {
    takers: found?.takers ?? {},
    identifiers: found?.identifiers ?? [],
  };

  return {
    load: () => {
      const remembered = read(file);
      if (remembered?.clientId !== clientId) {
        return { subscriptions: [], isAgreed: false, isStrange: true };
      }
      const { subscriptions, isAgreed } = remembered;
      // The broker may be the same one by another name: then these are the subscriptions that it has.
      if (remembered.brokerUrl !== brokerUrl) {
        return { subscriptions, isAgreed: false, isStrange: true };
      }
      return { subscriptions, isAgreed: isAgreed === true };
    },
    save: ({ subscriptions, isAgreed }) => {
      const temporary = `${file}.writing`;
      const remembered: Remembered = { ...owner, subscriptions, isAgreed, ...history };
      writeFileSync(temporary, JSON.stringify(remembered), { flush: true });
      renameSync(temporary, file);
    },
    history: () => history,
    setHistory: ({ takers, identifiers }) => {
      history = { takers, identifiers: identifiers.slice(-IDENTIFIERS_MAX) };
    },
  };
}

function read(file: string): Remembered | null {
  try {
    // Only this file writes it.
    return JSON.parse(readFileSync(file, "utf8")) as Remembered;
  } catch {
    return null;
  }
}
