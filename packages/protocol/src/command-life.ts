import {
  COMMAND_STATUSES,
  type CommandAck,
  type CommandOutcome,
  type CommandStatus,
  endsCommand,
} from "./command.ts";
import type { DeviceAddress } from "./topics.ts";

/** A command as its sender makes it. */
export interface NewCommand {
  address: DeviceAddress;
  id: string;
  name: string;
  /** `undefined` for a command without a payload. */
  payload: unknown;
  /** After how many milliseconds the device must not execute it any more. */
  expiresMs: number;
}

/** The message that is published on a device's command topic. @param nowMs epoch milliseconds. */
export function commandMessage(command: NewCommand, nowMs: number): string {
  const { address, id, name, payload, expiresMs } = command;
  return JSON.stringify({
    id,
    name,
    payload,
    issuedAt: nowMs,
    expiresAt: nowMs + expiresMs,
    // As Losant's platform sends it.
    ...(address.prefix === "losant" ? { time: { $date: new Date(nowMs).toISOString() } } : {}),
  });
}

/**
 * Follows one command by the acks of its id.
 *
 * A command may reach its device twice: when a connection is lost, both sender and broker send again.
 * Then the device answers our own command with `duplicate`, and the outcome of the first copy is ours.
 * Without a second sending and without an earlier ack, the duplicate is of another sender's command.
 */
export class CommandLife {
  /** The newest ack; `null` before the first. */
  last: CommandAck | null = null;
  #timesSent = 0;

  /** Notes that the command is being sent, for the first time or again. */
  sent(): void {
    this.#timesSent += 1;
  }

  /** Takes an ack of the command's id. @returns how the command has ended; `null` while it goes on. */
  take(ack: CommandAck): CommandOutcome | null {
    const isOwnAgain = ack.status === "duplicate" && (this.#timesSent > 1 || this.last !== null);
    const status = isOwnAgain ? firstOf(ack) : ack.status;
    if (!isOwnAgain) this.last = ack;
    return status !== null && endsCommand(status) ? status : null;
  }
}

function firstOf({ result }: CommandAck): CommandStatus | null {
  const first = typeof result === "object" && result !== null && "first" in result && result.first;
  return COMMAND_STATUSES.find((status) => status === first) ?? null;
}
