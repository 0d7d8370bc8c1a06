import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { optionFault, readBroker } from "@weir/command-line";
import type { BrokerConfig, Environment } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { type DeviceAddress, isName, NAME_RULE, nameProblem, topicProblem } from "@weir/messages";
import { parseSpanMs, SPAN_FORMS } from "./span.ts";

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
