import type { Clock } from "@weir/clock";
import { exitCodeOf } from "@weir/command-line";
import type { Environment } from "@weir/config";
import { EXIT_CODES } from "@weir/fault";
import type { LinkLogger } from "@weir/mqtt";
import { readSendRequest } from "./command-line.ts";
import { NO_ANSWER_CODE, OUTCOME_CODES, REFUSED_CODE } from "./exit-codes.ts";
import { SEND_COMMAND_HELP } from "./help.ts";
import { describeCommands } from "./list.ts";
import { type SendOutcome, sendCommand } from "./send-command.ts";
import { describeAck, describeOutcome } from "./show.ts";

export interface RunOptions {
  environment: Environment;
  /** Each gets whole lines: what people read, JSON for programs, what went wrong. */
  out: (text: string) => void;
  data: (text: string) => void;
  err: (text: string) => void;
  /** Aborted with the name of the signal that ends it. */
  signal: AbortSignal;
  clock: Clock;
  logger: LinkLogger;
}

/**
 * `npm run command`: returns its exit code.
 *
 * @throws Fault for arguments that are wrong.
 */
export async function runSendCommand(
  argv: readonly string[],
  { environment, out, data, err, signal, clock, logger }: RunOptions,
): Promise<number> {
  const request = readSendRequest(argv, environment);
  if (request === "help") {
    out(SEND_COMMAND_HELP.trimEnd());
    return EXIT_CODES.ok;
  }
  const { asJson, lists, id } = request;
  if (!asJson && !lists) out(`${"id".padEnd(9)} ${id}`);
  const outcome = await sendCommand(request, {
    clock,
    logger,
    signal,
    onAck: (ack) => {
      if (asJson) data(JSON.stringify(ack));
      else if (!lists) out(describeAck(ack));
    },
  });
  if (lists && !asJson) showList(outcome, out);
  const problem = describeOutcome(outcome, request);
  if (problem !== null) err(`command: ${problem}`);
  return codeOf(outcome, signal);
}

function showList(outcome: SendOutcome, out: (text: string) => void): void {
  if (outcome.kind !== "ended") return;
  out(describeCommands(outcome.ack.result) ?? describeAck(outcome.ack));
}

function codeOf(outcome: SendOutcome, signal: AbortSignal): number {
  switch (outcome.kind) {
    case "ended":
      return OUTCOME_CODES[outcome.status];
    case "no answer":
      return NO_ANSWER_CODE;
    case "no broker":
      return EXIT_CODES.unavailable;
    case "refused":
      return REFUSED_CODE;
    case "stopped":
      return exitCodeOf(String(signal.reason));
  }
}
