/** What bounds a journal's file. */
export interface JournalLimits {
  /** Commands that have ended and are known by their ids. The one issued first is forgotten first. */
  endedMax: number;
  /** Acks that the broker does not have. Beyond it answers to rejected commands are dropped, and no command is taken in. */
  acksMax: number;
}

export const JOURNAL_LIMITS: JournalLimits = { endedMax: 10_000, acksMax: 10_000 };
