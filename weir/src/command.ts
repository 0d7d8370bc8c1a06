import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import type { ClientLogger } from "@weir/mqtt";
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
  type Clock,
  createLogger,
  type Environment,
  EXIT_CODES,
  errorMessage,
  exitCodeOf,
  Fault,
  listenForStopRequest,
  loadEnvironment,
  optionFault,
  parseDuration,
  print,
  printData,
  readBroker,
  runCommand,
  systemClock,
  visible,
} from "@weir/runtime";
import { describeAck, describeOutcome, type SendOutcome, sendCommand } from "./send-command.ts";

const SPAN_MS_MAX = 7 * 86_400_000;

/** What a length of time looks like, for `--help` and for errors. */
const SPAN_FORMS = "a length of time up to a week: 500ms, 30s, 5m, 2h";

/** A length of time in milliseconds; `null` for what is none. */
function parseSpanMs(text: string): number | null {
  const spanMs = parseDuration(text);
  return spanMs > 0 && spanMs <= SPAN_MS_MAX ? spanMs : null;
}

/** What `npm run command` ends with, by what became of the command. */
const OUTCOME_CODES: Readonly<Record<CommandOutcome, number>> = {
  done: EXIT_CODES.ok,
  failed: EXIT_CODES.fault,
  expired: 3,
  rejected: 4,
  unknown: 5,
  duplicate: 6,
};

/** The device said nothing, or not all. */
const NO_ANSWER_CODE = 7;
/** The broker does not let this user in, or not do this; as EX_NOPERM of sysexits(3). */
const REFUSED_CODE = 77;

const outcomes = Object.entries(OUTCOME_CODES)
  .map(([status, code]) => `${code} ${status}`)
  .join(", ");

const SEND_COMMAND_HELP = `npm run command -- DEVICE [COMMAND [PAYLOAD]] [options]

Sends a command to a device and shows what becomes of it, until it ends. Without a command it asks
the device which there are.

  npm run command -- kitchen
  npm run command -- kitchen change_send_interval 30
  npm run command -- kitchen set_source '["walk"]' --timeout 5s

A payload that is JSON is sent as such, anything else as text.

Options:
  --timeout SPAN   how long to wait for the end; default 60s (500ms, 30s, 5m, 2h)
  --expires SPAN   after this time the device must not begin any more; default the timeout
  --id ID          the command's id; default a new one. The device executes an id once at most
  --prefix TOPIC   the first levels of the device's topics; default devices
  --broker URL     default BROKER or BROKER_URL of the environment or of .env, which also have user
                   and password (BROKER_USERNAME, BROKER_PASSWORD): a password here is refused
  --list           asks the device what it obeys, and prints that
  --json           prints each answer as one line of JSON
  --help

Exit codes: ${outcomes}, ${NO_ANSWER_CODE} no answer in time,
${EXIT_CODES.unavailable} no broker, ${REFUSED_CODE} refused by the broker, ${EXIT_CODES.configuration} wrong arguments, 130 Ctrl-C.
`;

/** What `npm run command` is asked for. */
export interface SendRequest {
  address: DeviceAddress;
  id: string;
  name: string;
  /** `undefined` tells the command nothing. */
  payload: unknown;
  /** How long an answer is awaited, in milliseconds. */
  timeoutMs: number;
  /** After how many milliseconds the device must not execute it any more. */
  expiresMs: number;
  broker: BrokerConfig;
  /** Whether acks are printed as JSON lines. */
  asJson: boolean;
  /** Whether the device is asked what it obeys. */
  lists: boolean;
}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const OPTIONS = {
  prefix: text,
  timeout: text,
  expires: text,
  id: text,
  broker: text,
  json: flag,
  list: flag,
  help: flag,
} as const;

function checkName(text: string, what: string): void {
  const problem = nameProblem(text);
  if (problem === null) return;
  throw wrong(`${JSON.stringify(text)} is no ${what}`, `Its name: ${problem}.`);
}

/** @throws Fault naming what is wrong. */
export function readSendRequest(
  argv: readonly string[],
  environment: Environment,
): SendRequest | "help" {
  const { values, positionals } = parse(argv);
  if (values.help === true) return "help";
  const [device, name, payload, ...more] = positionals;
  if (device === undefined) throw wrong("the device is missing", "Give its id, such as kitchen.");
  checkName(device, "device");
  if (name !== undefined) checkName(name, "command");
  if (more.length > 0) {
    throw wrong(
      `there is one payload, and this is more: ${JSON.stringify(more[0])}`,
      "Put a payload with spaces into quotes.",
    );
  }
  const { prefix = "devices", id = randomUUID() } = values;
  const problem = topicProblem(prefix);
  if (problem !== null) throw optionFault("prefix", prefix, `the beginning of a topic: ${problem}`);
  if (!isName(id)) throw optionFault("id", id, NAME_RULE);
  const lists = values.list === true || name === undefined;
  const timeoutMs = readSpan("timeout", values.timeout ?? "60s");
  return {
    address: { prefix, id: device },
    id,
    name: lists ? "describe" : name,
    payload: lists || payload === undefined ? undefined : readPayload(payload),
    timeoutMs,
    expiresMs: values.expires === undefined ? timeoutMs : readSpan("expires", values.expires),
    broker: readBroker(values.broker ?? null, environment),
    asJson: values.json === true,
    lists,
  };
}

function parse(argv: readonly string[]) {
  try {
    // A payload may begin with a minus and a digit: -5 is no option. A space makes no other JSON of it.
    const args = argv.map((argument) => (/^-\d/.test(argument) ? ` ${argument}` : argument));
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw wrong(errorMessage(cause), "See --help.", cause);
  }
}

/** What is JSON is that, anything else is text. */
function readPayload(argument: string): unknown {
  try {
    return JSON.parse(argument);
  } catch {
    return argument.replace(/^ (?=-\d)/, "");
  }
}

function readSpan(option: string, given: string): number {
  const spanMs = parseSpanMs(given);
  if (spanMs === null) throw optionFault(option, given.trim(), SPAN_FORMS);
  return spanMs;
}

function wrong(message: string, remedy: string, cause?: unknown): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration, cause });
}

/** What `describe` told of a device's commands, for people; `null` when there is no list in it. */
export function describeCommands(result: unknown): string | null {
  const commands = typeof result === "object" && result !== null && "commands" in result;
  if (!commands || !Array.isArray(result.commands)) return null;
  return result.commands.map(describeCommand).join("\n");
}

/** It comes from a device, which may be of another version: what is missing is left out. */
function describeCommand(command: unknown): string {
  if (typeof command === "string") return visible(command);
  if (typeof command !== "object" || command === null) return JSON.stringify(command);
  const { name, summary, payload } = command as Record<string, unknown>;
  const told = payload === undefined ? "" : `\n    payload: ${visible(wordsFor(payload))}`;
  return `${visible(String(name))}\n    ${visible(String(summary ?? ""))}${told}`;
}

/** A schema that describes itself says more in its words; --json has all of it. */
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

interface RunOptions {
  environment: Environment;
  /** Each gets whole lines: what people read, JSON for programs, what went wrong. */
  out: (text: string) => void;
  data: (text: string) => void;
  err: (text: string) => void;
  /** Aborted with the name of the signal that ends it. */
  signal: AbortSignal;
  clock: Clock;
  logger: ClientLogger;
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

// `npm run command`: sends one command to a device, and shows what becomes of it.
const stopping = new AbortController();
void listenForStopRequest().then(({ reason }) => stopping.abort(reason));

await runCommand("command", () =>
  runSendCommand(process.argv.slice(2), {
    environment: loadEnvironment(),
    out: (text) => print(`${text}\n`),
    data: (text) => printData(`${text}\n`),
    err: (text) => print(`${text}\n`, { to: process.stderr }),
    signal: stopping.signal,
    clock: systemClock,
    // What goes wrong is told in the end; the log would tell it twice.
    logger: createLogger("command", { logLevel: "fatal", logFormat: "auto" }),
  }),
);
