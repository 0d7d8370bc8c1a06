import { z } from "zod";
import { parseStatedTime } from "./observed-time.ts";
import { isObject, jsonOf } from "./outside-text.ts";
import { isName, NAME_RULE } from "./topics.ts";

/** The largest payload of a command's message, in bytes. */
export const COMMAND_BYTES_MAX = 65_536;

/**
 * A request to a device. A command with an id is executed once at most; one without (from an old dashboard)
 * each time that it is delivered.
 */
export interface Command {
  id: string | null;
  name: string;
  /** The argument of the command; `null` where there is none. */
  payload: unknown;
  /** When it was sent, in epoch milliseconds. */
  issuedAtMs: number | null;
  /** After this time it must not be executed any more, in epoch milliseconds. */
  expiresAtMs: number | null;
}

/** A message on a command topic: a command, or why it is rejected, with as much of it as could be read. */
type ParsedCommand =
  | { kind: "command"; command: Command }
  | { kind: "rejected"; reason: string; id: string | null; name: string | null };

/** The statuses of a command in their order. The last six end it. */
export const COMMAND_STATUSES = [
  "received",
  "running",
  "done",
  "failed",
  "expired",
  "duplicate",
  "rejected",
  "unknown",
] as const;
export type CommandStatus = (typeof COMMAND_STATUSES)[number];

/** A status that ends a command. */
export type CommandOutcome = Exclude<CommandStatus, "received" | "running">;

const name = z.string().refine(isName);

/** The payload of `devices/<id>/command/ack`. */
const commandAck = z.object({
  /** `null` for a command without one. */
  id: name.nullable(),
  /** `null` where it could not be read. */
  name: name.nullable(),
  status: z.enum(COMMAND_STATUSES),
  /** Epoch milliseconds, by the device's clock. */
  at: z.int().nonnegative(),
  /** What a command that is done returned; of a duplicate the status of the first. */
  result: z.unknown().optional(),
  /** Why it is not done. */
  error: z.string().optional(),
});

export type CommandAck = z.infer<typeof commandAck>;

/** Whether a command ends with this status. */
export function endsCommand(status: CommandStatus): status is CommandOutcome {
  return status !== "received" && status !== "running";
}

/** Reads an ack; `null` for anything else. */
export function parseCommandAck(payload: Buffer): CommandAck | null {
  return commandAckIn(jsonOf(payload));
}

/** An ack in JSON that was parsed before; `null` for anything else. */
export function commandAckIn(json: unknown): CommandAck | null {
  const parsed = commandAck.safeParse(json);
  return parsed.success ? parsed.data : null;
}

/** Reads a command, ours or that of another platform. Never throws. */
export function parseCommand(payload: Buffer): ParsedCommand {
  if (payload.length > COMMAND_BYTES_MAX) {
    return rejected(`a command has at most ${COMMAND_BYTES_MAX} bytes, not ${payload.length}`);
  }
  const fields = jsonOf(payload);
  if (!isObject(fields)) return rejected('a command is a JSON object like {"name":"report_now"}');
  const named = { id: nameIn(fields.id), name: nameIn(fields.name) };
  const refuse = (reason: string): ParsedCommand => ({ kind: "rejected", reason, ...named });
  if (named.name === null) return refuse(`name: ${shown(fields.name)} is not a name; ${NAME_RULE}`);
  if (fields.id !== undefined && fields.id !== null && named.id === null) {
    return refuse(`id: ${shown(fields.id)} is not an id; ${NAME_RULE}`);
  }
  // The ack of another device that a bridge sends here must not become a command.
  if ("status" in fields) return refuse("status: this is an answer to a command, not a command");
  // Losant calls it `time`.
  const issued = readTime("issuedAt", fields.issuedAt ?? fields.time);
  const expires = readTime("expiresAt", fields.expiresAt);
  if ("problem" in issued) return refuse(issued.problem);
  if ("problem" in expires) return refuse(expires.problem);
  return {
    kind: "command",
    command: {
      id: named.id,
      name: named.name,
      payload: fields.payload ?? null,
      issuedAtMs: issued.timeMs,
      expiresAtMs: expires.timeMs,
    },
  };
}

const SHOWN_MAX = 80;

function rejected(reason: string): ParsedCommand {
  return { kind: "rejected", reason, id: null, name: null };
}

function nameIn(given: unknown): string | null {
  return typeof given === "string" && isName(given) ? given : null;
}

function readTime(field: string, given: unknown): { timeMs: number | null } | { problem: string } {
  if (given === undefined || given === null) return { timeMs: null };
  const timeUs = parseStatedTime(given);
  return timeUs === null
    ? { problem: `${field}: ${shown(given)} is not a time; give epoch milliseconds or ISO 8601` }
    : { timeMs: Math.floor(timeUs / 1_000) };
}

function shown(given: unknown): string {
  const text = JSON.stringify(given) ?? "nothing";
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
