import type { Command, CommandAck, CommandStatus } from "@weir/messages";

/** Where an answer goes besides the ack topic: MQTT 5's response topic and correlation data. */
export interface ResponseAddress {
  topic: string;
  correlation: Buffer | null;
}

/** A command in the journal. */
export interface JournalEntry {
  /** The id of the command, or one that the journal gave it. */
  key: string;
  command: Command;
  response: ResponseAddress | null;
  status: CommandStatus;
}

/** An ack that the broker does not have yet. */
export interface PendingAck {
  /** Rises. */
  number: number;
  ack: CommandAck;
  response: ResponseAddress | null;
}

/**
 * What a device knows of its commands, on disk: each step is committed before it is taken, each status
 * with the ack that tells it. What it does not know it does not claim.
 */
export interface Journal {
  /** What became of the command of this id; `null` for one that it does not know. */
  statusOf(id: string): CommandStatus | null;
  /** Takes a command in as `received`, with its ack; or says what became of the first one of this id. */
  receive(
    command: Command,
    response: ResponseAddress | null,
    atMs: number,
  ): { kind: "received"; entry: JournalEntry } | { kind: "known"; status: CommandStatus };
  /** Puts a status behind an entry, and its ack. */
  advance(
    key: string,
    change: { status: CommandStatus; atMs: number; result?: unknown; error?: string },
  ): void;
  /** Keeps an ack of something that is no entry: a rejected command. False when there is no room for it. */
  answer(ack: CommandAck, response: ResponseAddress | null): boolean;
  /** So many acks wait that no further command is to be taken in. */
  isFull(): boolean;
  /** Entries that have not ended, in the order of their arrival. */
  open(): readonly JournalEntry[];
  /** The oldest acks that the broker does not have and whose number is greater than `after`, at most `limit`. */
  pendingAcks(after: number, limit: number): readonly PendingAck[];
  /** The broker has it. */
  acknowledged(number: number): void;
  /** Commands that were issued before this time may have been forgotten; `null` while none was. Epoch milliseconds. */
  horizonMs(): number | null;
}
