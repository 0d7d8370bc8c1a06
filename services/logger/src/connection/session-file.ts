import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { SessionMemory, SessionRecord } from "@weir/mqtt";

/** Whose session it is: another client id or broker has another one. */
export interface SessionOwner {
  clientId: string;
  brokerUrl: string;
}

type Remembered = SessionOwner & SessionRecord;

/**
 * Remembers the session's subscriptions in a small file beside the store. A file that is lost or
 * cannot be read costs one more SUBSCRIBE, and leaves at the broker what only it knew of.
 */
export function openSessionFile(file: string, owner: SessionOwner): SessionMemory {
  return {
    load: () => {
      const remembered = read(file);
      const isOurs =
        remembered?.clientId === owner.clientId && remembered.brokerUrl === owner.brokerUrl;
      if (!isOurs) return { subscriptions: [], isAgreed: false };
      return { subscriptions: remembered.subscriptions, isAgreed: remembered.isAgreed === true };
    },
    save: (record) => {
      const temporary = `${file}.writing`;
      writeFileSync(temporary, JSON.stringify({ ...owner, ...record }), { flush: true });
      renameSync(temporary, file);
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
