import { type Command, type CommandAck, CommandLife as Following } from "@weir/protocol";
import type { CommandLife } from "../contract/devices.ts";

/** A device sends a few; what else comes with the id of a command is a flood. */
const ACKS_MAX = 20;

/** The end of the wait for an answer to a command that names none. */
const ANSWER_MS = 60_000;
/** A device that has answered has this long for its next answer. */
const NEXT_ANSWER_MS = 600_000;

/** A command that was sent by whomever. */
export interface SentCommand extends Pick<Command, "name" | "payload"> {
  id: string;
  /** The user who sent it; `null`: another program did. */
  by: string | null;
  /** Milliseconds since the epoch, as the next one. */
  sentMs: number;
  expiresMs: number | null;
}

/** One command, and what became of it so far. */
export class TrackedCommand {
  readonly sent: SentCommand;
  readonly #following = new Following();
  readonly #acks: CommandLife["acks"] = [];
  #outcome: CommandLife["outcome"] = null;

  constructor(sent: SentCommand) {
    this.sent = sent;
  }

  get hasEnded(): boolean {
    return this.#outcome !== null;
  }

  /** Notes that its message was seen, for the first time or again. */
  passed(): void {
    this.#following.sent();
  }

  /** Takes an ack of its id. Returns whether it is another one than before. */
  take(ack: CommandAck, receivedMs: number): boolean {
    const { status, at, result, error } = ack;
    const isKnown = this.#acks.some((known) => known.status === status && known.atMs === at);
    if (isKnown || this.#acks.length === ACKS_MAX) return false;
    const told = {
      ...(result !== undefined && { result }),
      ...(error !== undefined && { error }),
    };
    this.#acks.push({ status, atMs: at, receivedMs, ...told });
    this.#outcome = this.#following.take(ack) ?? this.#outcome;
    return true;
  }

  /** Gives up where an answer is overdue. One that comes still counts. Returns whether it has just given up. */
  giveUp(nowMs: number): boolean {
    const { sentMs, expiresMs } = this.sent;
    const last = this.#acks.at(-1);
    const untilMs =
      last === undefined ? (expiresMs ?? sentMs + ANSWER_MS) : last.receivedMs + NEXT_ANSWER_MS;
    if (this.#outcome !== null || nowMs < untilMs) return false;
    this.#outcome = "no answer";
    return true;
  }

  /** @param device the id of the device for whoever asks. */
  toContract(device: string): CommandLife {
    const { id, name, payload, by, sentMs, expiresMs } = this.sent;
    return {
      id,
      device,
      name,
      ...(payload !== undefined && payload !== null && { payload }),
      by,
      sentMs,
      expiresMs,
      acks: [...this.#acks],
      outcome: this.#outcome,
    };
  }
}
