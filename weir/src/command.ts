import { randomUUID } from "node:crypto";
import {
  type CommandOutcome,
  type DeviceAddress,
  isName,
  NAME_RULE,
  nameProblem,
  topicProblem,
} from "@weir/protocol";
import {
  type BrokerConfig,
  createLogger,
  type Environment,
  EXIT_CODES,
  print,
  printData,
  visible,
} from "@weir/runtime";
import type { Command } from "commander";
import {
  action,
  examples,
  exitCodeOf,
  type Given,
  optionFault,
  readBroker,
  readDuration,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { describeAck, describeOutcome, type SendOutcome, sendCommand } from "./send-command.ts";

/** Exit codes by the outcome of the command. */
const OUTCOME_CODES: Readonly<Record<CommandOutcome, number>> = {
  done: EXIT_CODES.ok,
  failed: EXIT_CODES.fault,
  expired: 3,
  rejected: 4,
  unknown: 5,
  duplicate: 6,
};

/** The device has not answered, or not reported an end. */
const NO_ANSWER_CODE = 7;
/** The broker does not let this user in, or not do this; as EX_NOPERM of sysexits(3). */
const REFUSED_CODE = 77;

const SPAN_BOUNDS = { min: "1ms", max: "7d" };

const outcomes = Object.entries(OUTCOME_CODES)
  .map(([status, code]) => `${code} ${status}`)
  .join(", ");

export function define(command: Command, surroundings: Surroundings): void {
  command
    .argument("<device>", "the id of the device, such as kitchen")
    .argument("[command]", "what it is to do; without one, it lists its commands")
    .argument("[payload]", "sent as JSON if it is JSON, else as text; quote one that has spaces")
    .option("--timeout <span>", "how long to wait for the end: 500ms, 30s, 5m, 2h", "60s")
    .option("--expires <span>", "the device must not begin after this time (default: the timeout)")
    .option(
      "--id <id>",
      "the command's id; a device executes an id at most once (default: a new id)",
    )
    .option("--prefix <topic>", "the first levels of the device's topics", "devices")
    .option(
      "--broker <url>",
      "another broker than BROKER or BROKER_URL; user and password come from BROKER_USERNAME and BROKER_PASSWORD or their files",
    )
    .option("--list", "list the commands of the device")
    .option("--json", "print each answer as one line of JSON");
  examples(
    command,
    [
      "command kitchen",
      "command kitchen change_send_interval 30",
      `command kitchen set_source '["walk"]' --timeout 5s`,
    ],
    `Exit codes: ${outcomes}, ${NO_ANSWER_CODE} no answer in time,
${EXIT_CODES.unavailable} no broker, ${REFUSED_CODE} refused by the broker, ${EXIT_CODES.configuration} wrong arguments, 130 Ctrl-C.`,
  );
  acceptDashedPayload(command);
  action(command, async (given, device, name, payload) => {
    const request = readRequest(given, { device, name, payload }, surroundings.environment);
    return await send(request, surroundings);
  });
}

/** A payload such as -5x is not an option. A space in front makes no other JSON of a payload that is JSON. */
function acceptDashedPayload(command: Command): void {
  const takesValue = new Set(command.options.map(({ long, required }) => (required ? long : null)));
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) =>
    parse(
      args.map((argument, index) =>
        /^-\d/.test(argument) && !takesValue.has(args[index - 1]) ? ` ${argument}` : argument,
      ),
    );
}

export interface SendRequest {
  address: DeviceAddress;
  id: string;
  name: string;
  /** `undefined` for a command without a payload. */
  payload: unknown;
  /** How long to wait for an answer, in milliseconds. */
  timeoutMs: number;
  /** After how many milliseconds the device must not execute it any more. */
  expiresMs: number;
  broker: BrokerConfig;
  /** Whether acks are printed as JSON lines. */
  asJson: boolean;
  /** Whether it asks the device for its commands. */
  lists: boolean;
}

/** @throws Fault naming what is wrong. */
function readRequest(
  given: Given,
  { device = "", name, payload }: Record<"device" | "name" | "payload", string | undefined>,
  environment: Environment,
): SendRequest {
  checkName(device, "device");
  if (name !== undefined) checkName(name, "command");
  const prefix = given.text("prefix") ?? "";
  const problem = topicProblem(prefix);
  if (problem !== null) throw optionFault("prefix", prefix, `the beginning of a topic: ${problem}`);
  const id = given.text("id") ?? randomUUID();
  if (!isName(id)) throw optionFault("id", id, NAME_RULE);
  const lists = given.has("list") || name === undefined;
  // It has a default.
  const timeoutMs = readDuration(given, "timeout", SPAN_BOUNDS) as number;
  return {
    address: { prefix, id: device },
    id,
    name: lists ? "describe" : name,
    payload: lists || payload === undefined ? undefined : readPayload(payload),
    timeoutMs,
    expiresMs: readDuration(given, "expires", SPAN_BOUNDS) ?? timeoutMs,
    broker: readBroker(given, environment),
    asJson: given.has("json"),
    lists,
  };
}

function checkName(text: string, what: string): void {
  const problem = nameProblem(text);
  if (problem === null) return;
  throw usageFault(`${JSON.stringify(text)} is no ${what}`, `Its name: ${problem}.`);
}

/** JSON where it is JSON, else text. */
function readPayload(argument: string): unknown {
  try {
    return JSON.parse(argument);
  } catch {
    return argument.replace(/^ (?=-\d)/, "");
  }
}

async function send(
  request: SendRequest,
  { out, err, stopSignal, clock }: Surroundings,
): Promise<number> {
  const { asJson, lists, id } = request;
  const signal = stopSignal();
  const say = (line: string): void => print(`${line}\n`, { to: out });
  if (!asJson && !lists) say(`${"id".padEnd(9)} ${id}`);
  const outcome = await sendCommand(request, {
    clock,
    // The outcome says what went wrong; the log would say it twice.
    logger: createLogger("command", { logLevel: "fatal", logFormat: "auto" }),
    signal,
    onAck: (ack) => {
      if (asJson) printData(`${JSON.stringify(ack)}\n`, { to: out });
      else if (!lists) say(describeAck(ack));
    },
  });
  if (lists && !asJson && outcome.kind === "ended") {
    say(describeCommands(outcome.ack.result) ?? describeAck(outcome.ack));
  }
  const problem = describeOutcome(outcome, request);
  if (problem !== null) print(`weir command: ${problem}\n`, { to: err });
  return codeOf(outcome, signal);
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

/** The commands in a device's answer to `describe`, as text; `null` when it has no list. */
export function describeCommands(result: unknown): string | null {
  const commands = typeof result === "object" && result !== null && "commands" in result;
  if (!commands || !Array.isArray(result.commands)) return null;
  return result.commands.map(describeCommand).join("\n");
}

/** The device may have another version: what is missing is left out. */
function describeCommand(command: unknown): string {
  if (typeof command === "string") return visible(command);
  if (typeof command !== "object" || command === null) return JSON.stringify(command);
  const { name, summary, payload } = command as Record<string, unknown>;
  const words = payload === undefined ? "" : `\n    payload: ${visible(wordsFor(payload))}`;
  return `${visible(String(name))}\n    ${visible(String(summary ?? ""))}${words}`;
}

/** A schema's description says more than the schema; --json has all of it. */
function wordsFor(schema: unknown): string {
  if (typeof schema !== "object" || schema === null) return JSON.stringify(schema);
  const { $schema: _, description, ...rest } = schema as Record<string, unknown>;
  if (typeof description === "string") return description;
  const parts = Array.isArray(rest.anyOf) ? rest.anyOf : [];
  const described = parts.flatMap((part) => (hasDescription(part) ? [part.description] : []));
  return described.length > 0 ? described.join(" Or: ") : JSON.stringify(rest);
}

function hasDescription(part: unknown): part is { description: string } {
  return (
    typeof part === "object" &&
    part !== null &&
    "description" in part &&
    typeof part.description === "string"
  );
}
