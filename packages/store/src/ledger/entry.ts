import type { OpenAccount } from "./account.ts";
import type { Publisher } from "./publishers.ts";

/** The account of one publisher, epoch and topic, with its counts. Times in microseconds since the epoch. */
export interface Entry extends OpenAccount {
  readonly publisher: Publisher;
  readonly epoch: string;
  readonly topicId: number;
  received: number;
  duplicates: number;
  filtered: number;
  abandoned: number;
  readonly firstReceivedUs: number;
  lastReceivedUs: number;
  /** The file does not have it as it is here. */
  isChanged: boolean;
}

/** What one account is kept under. */
export type EntryKey = Pick<Entry, "publisher" | "epoch" | "topicId">;

/** An account into which nothing has been entered. */
export function emptyEntry(key: EntryKey, receivedUs: number): Entry {
  return {
    publisher: key.publisher,
    epoch: key.epoch,
    topicId: key.topicId,
    through: 0,
    ranges: [],
    received: 0,
    duplicates: 0,
    filtered: 0,
    abandoned: 0,
    firstReceivedUs: receivedUs,
    lastReceivedUs: receivedUs,
    isChanged: false,
  };
}
