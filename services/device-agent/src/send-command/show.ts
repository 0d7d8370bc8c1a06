import { visible } from "@weir/fault";
import type { CommandAck } from "@weir/messages";
import type { SendRequest } from "./command-line.ts";
import type { SendOutcome } from "./send-command.ts";

/** One status of a command, for people: its result or its error beside it. */
export function describeAck({ status, result, error }: CommandAck): string {
  const told = visible(error ?? (result === undefined ? "" : JSON.stringify(result)));
  return told === "" ? status : `${status.padEnd(9)} ${told}`;
}

/** Why a command has not ended, with what to do about it; `null` where an ack says all. */
export function describeOutcome(
  outcome: SendOutcome,
  { address, broker, timeoutMs }: SendRequest,
): string | null {
  const device = `${address.prefix}/${address.id}`;
  switch (outcome.kind) {
    case "ended":
      return outcome.status === outcome.ack.status
        ? null
        : `it is ${outcome.status}; the answer with its result came while there was no connection`;
    case "no answer":
      return `${silence(outcome.last)} within ${timeoutMs} ms: ${device} ${presence(outcome.availability)}`;
    case "no broker":
      return `no connection to ${broker.url}: ${visible(outcome.reason)}\n${outcome.remedy}`;
    case "refused":
      return `the broker at ${broker.url} refused it: ${visible(outcome.reason)}\nCheck BROKER_USERNAME and BROKER_PASSWORD, and what the broker allows this user.`;
    case "stopped":
      return "stopped waiting; what was sent is not taken back";
  }
}

function silence(last: CommandAck | null): string {
  return last === null ? "no answer" : `it is ${last.status}, and no end of it was told`;
}

function presence(availability: string | null): string {
  switch (availability) {
    case "online":
      return "is online; does this user's command reach it?";
    case "offline":
      return "is offline; once it is back it is told that the command has expired, if the broker kept it";
    default:
      return "has never told that it is there; is its id right, and its --prefix? A program made for Losant's platform neither tells it nor answers.";
  }
}
