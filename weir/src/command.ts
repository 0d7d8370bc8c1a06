import { randomUUID } from "node:crypto";
import { addAbortListener } from "node:events";
import { createReconnectingClient, type InboundMessage, isRefusal } from "@weir/mqtt";
import {
  type CommandAck,
  CommandLife,
  type CommandOutcome,
  commandMessage,
  deviceTopics,
  isName,
  NAME_RULE,
  type NewCommand,
  nameProblem,
  parseCommandAck,
  textOf,
  topicProblem,
} from "@weir/protocol";
import {
  type BrokerConfig,
  createLogger,
  type Environment,
  EXIT_CODES,
  errorMessage,
  print,
  visible,
} from "@weir/runtime";
import type { Command } from "commander";
import {
  action,
  BROKER_OPTION,
  durationText,
  examples,
  exitCodeOf,
  type Given,
  optionFault,
  printJson,
  readBroker,
  readDuration,
  type Surroundings,
  usageFault,
} from "./command-line.ts";

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
    .argument("<device>", "id of the device, such as kitchen")
    .argument("[command]", "command for the device; without one, list the commands that it has")
    .argument("[payload]", "JSON, or else text; quote one that has spaces")
    .option(
      "--timeout <span>",
      "how long to wait until the command ends: 500ms, 30s, 5m, 2h",
      "60s",
    )
    .option(
      "--expires <span>",
      "after this time the device no longer starts the command (default: the timeout)",
    )
    .option(
      "--id <id>",
      "id of the command; a device executes each id at most once (default: a new id)",
    )
    .option("--prefix <topic>", "first levels of the device's topics", "devices")
    .option(...BROKER_OPTION)
    .option("--list", "list the commands that the device has")
    .option("--json", "print each ack as a line of JSON");
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

interface SendRequest extends NewCommand {
  /** How long to wait for an answer, in milliseconds. */
  timeoutMs: number;
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

/** What became of a command: the exit code, and what there is to say, with the remedy. */
interface Ending {
  exitCode: number;
  problem: string | null;
}

/** Sends the command, shows each ack of the device, and waits for the end. */
async function send(
  request: SendRequest,
  { out, err, stopSignal, clock }: Surroundings,
): Promise<number> {
  const { asJson, lists, address, broker, timeoutMs } = request;
  const topics = deviceTopics(address);
  const device = `${address.prefix}/${address.id}`;
  const signal = stopSignal();
  const message = commandMessage(request, clock.now());
  const life = new CommandLife();
  const ending = Promise.withResolvers<Ending>();
  const end = (exitCode: number, problem: string | null): void =>
    ending.resolve({ exitCode, problem });
  const say = (line: string): void => print(`${line}\n`, { to: out });
  const complain = (problem: string): void => print(`weir command: ${problem}\n`, { to: err });
  let availability: string | null = null;
  let wasConnected = false;

  function receive({ topic, payload, retained }: InboundMessage): void {
    if (topic === topics.availability) receiveAvailability(textOf(payload).slice(0, 20));
    if (topic !== topics.ack || retained) return;
    const ack = parseCommandAck(payload);
    if (ack === null || ack.id !== request.id) return;
    if (asJson) printJson(ack, { to: out });
    else if (!lists) say(describeAck(ack));
    const status = life.take(ack);
    if (status === null) return;
    if (lists && !asJson) say(describeCommands(ack.result) ?? describeAck(ack));
    const isLate = status !== ack.status;
    end(
      OUTCOME_CODES[status],
      isLate ? `it is ${status}; its result was sent while there was no connection` : null,
    );
  }

  /** The user sees at once that no answer may come. A device that comes back in time still answers. */
  function receiveAvailability(now: string): void {
    const isNew = now !== availability;
    availability = now;
    if (!isNew || now !== "offline" || life.last !== null) return;
    complain(
      `${device} is offline, and since when is not known; waiting ${durationText(timeoutMs)} for its answer`,
    );
  }

  async function publish(): Promise<void> {
    life.sent();
    try {
      await client.publish(topics.command, message, { qos: 1 });
    } catch (error) {
      if (isRefusal(error)) endRefused(errorMessage(error));
      // Otherwise the connection is lost, and the next one sends it again: its id makes that safe.
    }
  }

  const endRefused = (reason: string): void =>
    end(
      REFUSED_CODE,
      `the broker at ${broker.url} refused it: ${visible(reason)}\nCheck BROKER_USERNAME and BROKER_PASSWORD, and what the broker allows this user. In the secured suite only an operator sends commands: docs/how-to/secure-the-suite.md.`,
    );

  if (!asJson && !lists) say(`${"id".padEnd(9)} ${request.id}`);
  await using client = createReconnectingClient({
    broker,
    clientId: `weir-command-${randomUUID()}`,
    session: { kind: "clean" },
    // Both before it is sent: then no answer is missed, and the availability of the device is known.
    subscriptions: [
      { filter: topics.ack, qos: 1 },
      { filter: topics.availability, qos: 1 },
    ],
    onMessage: receive,
    onConnected: () => {
      wasConnected = true;
      void publish();
    },
    onDisconnected: (reason, remedy) => {
      if (wasConnected) return;
      if (isAboutRights(reason)) endRefused(reason);
      else {
        const problem = `no connection to ${broker.url}: ${visible(reason)}\n${remedy}`;
        end(EXIT_CODES.unavailable, problem);
      }
    },
    clock,
    // The ending says what went wrong; the log would say it twice.
    logger: createLogger("command", { logLevel: "fatal", logFormat: "auto" }),
  });
  using _stopping = addAbortListener(signal, () =>
    end(exitCodeOf(signal), "stopped waiting; what was sent is not taken back"),
  );
  using _timer = clock.schedule(timeoutMs, () => {
    const silence = `${silenceAfter(life.last)} within ${durationText(timeoutMs)}`;
    end(NO_ANSWER_CODE, `${silence}: ${device} ${presence(availability)}`);
  });
  client.start();
  const { exitCode, problem } = await ending.promise;
  if (problem !== null) complain(problem);
  return exitCode;
}

/** The reasons of MQTT's codes about users and rights, and of a refused subscription. */
function isAboutRights(reason: string): boolean {
  return /not authori[sz]ed|user ?name or password|banned|cannot subscribe/i.test(reason);
}

/** One status of a command, for people: its result or its error beside it. */
export function describeAck({ status, result, error }: CommandAck): string {
  const words = visible(error ?? (result === undefined ? "" : JSON.stringify(result)));
  return words === "" ? status : `${status.padEnd(9)} ${words}`;
}

function silenceAfter(last: CommandAck | null): string {
  return last === null
    ? "no answer"
    : `it is ${last.status}, and the device has not reported its end`;
}

function presence(availability: string | null): string {
  switch (availability) {
    case "online":
      return "is online; does this user's command reach it?";
    case "offline":
      return "is offline; when it is back it answers that the command has expired, if the broker kept it";
    default:
      return "has never reported that it is there; is its id right, and its --prefix? A program made for Losant's platform neither reports nor answers.";
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
