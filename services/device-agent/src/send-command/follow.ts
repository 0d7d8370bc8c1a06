import {
  COMMAND_STATUSES,
  type CommandAck,
  type CommandOutcome,
  type CommandStatus,
  endsCommand,
} from "@weir/messages";

/** A command's end, as far as its sender learns of it. */
export interface Ended {
  status: CommandOutcome;
  ack: CommandAck;
}

/** Follows one command by the acks of its id. */
export interface Following {
  /** It was sent, perhaps once more after a connection was lost. */
  sent(): void;
  /** What ends it; `null` while it goes on. */
  take(ack: CommandAck): Ended | null;
  /** What was told last; `null` for nothing. */
  last(): CommandAck | null;
}

/**
 * A command may reach its device twice: when a connection is lost, both sender and broker send again.
 * Then the device says `duplicate` of our own command, and what became of the first one is what became
 * of ours. Only who has sent once and has heard of no `received` before is told of somebody else's.
 */
export function createFollowing(): Following {
  let timesSent = 0;
  let last: CommandAck | null = null;
  return {
    sent: () => {
      timesSent += 1;
    },
    last: () => last,
    take: (ack) => {
      const isOwnAgain = ack.status === "duplicate" && (timesSent > 1 || last !== null);
      const status = isOwnAgain ? firstOf(ack) : ack.status;
      if (!isOwnAgain) last = ack;
      return status !== null && endsCommand(status) ? { status, ack } : null;
    },
  };
}

function firstOf({ result }: CommandAck): CommandStatus | null {
  const first = typeof result === "object" && result !== null && "first" in result && result.first;
  return COMMAND_STATUSES.find((status) => status === first) ?? null;
}
