import type { ParseArgsOptionsConfig } from "node:util";
import { filterProblem } from "@weir/protocol";
import {
  type Environment,
  EXIT_CODES,
  Fault,
  type Given,
  optionFault,
  parseArguments,
} from "@weir/runtime";
import type { RangeQuery } from "@weir/store";
import { readStreams, type StreamConfig, type StreamsConfig } from "@weir/streams";
import { parseTime, TIME_FORMS } from "./times.ts";

/** The options that say what part of which stream is meant. */
const SELECTION_OPTIONS = {
  stream: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  topic: { type: "string", multiple: true },
  limit: { type: "string" },
  cursor: { type: "string" },
  thorough: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** What `--help` says of them. */
export const SELECTION_HELP = `  --stream NAME     the stream (required)
  --from TIME       from this time of reception on; default the oldest message
  --to TIME         up to this time, which is not in it any more; default now
                    TIME is ${TIME_FORMS}
  --topic FILTER    messages whose topic matches, + and # are wildcards; may be repeated
  --limit N         so many messages at most
  --cursor PLACE    goes on behind the place that an earlier run has printed
  --thorough        finds also what was received while the clock was set back by more than ten
                    minutes, for the price of reading the whole stream`;

/** A part of a stream. */
export interface Selected {
  stream: StreamConfig;
  streams: StreamsConfig;
  query: RangeQuery & { toUs: number };
}

const LIMIT_MAX = 1e15;

/** @throws Fault naming the option that is wrong, or ConfigurationFault for the streams themselves. */
function readSelection(given: Given, environment: Environment, nowUs: number): Selected {
  const fromUs = readTime(given, "from", nowUs);
  const toUs = readTime(given, "to", nowUs) ?? nowUs;
  if (fromUs !== null && fromUs >= toUs) {
    throw optionFault(
      "from",
      given.text("from") ?? "",
      "a time before --to, which is now by default",
    );
  }
  const filters = readFilters(given.texts("topic"));
  const limit = readLimit(given.text("limit"));
  const after = given.text("cursor");
  const streams = readStreams(environment);
  return {
    stream: findStream(given.text("stream"), streams),
    streams,
    query: {
      toUs,
      filters,
      isThorough: given.has("thorough"),
      ...(fromUs === null ? {} : { fromUs }),
      ...(limit === null ? {} : { limit }),
      ...(after === null ? {} : { after }),
    },
  };
}

function findStream(name: string | null, { streams, file }: StreamsConfig): StreamConfig {
  const found = streams.find((stream) => stream.name === name);
  if (found !== undefined) return found;
  const names = streams.map((stream) => stream.name).join(", ") || "none";
  const where = file === null ? "" : ` in ${file}`;
  throw new Fault(
    name === null ? "--stream is missing" : `--stream: there is no ${JSON.stringify(name)}`,
    {
      remedy: `The streams${where} are: ${names}.`,
      exitCode: EXIT_CODES.configuration,
    },
  );
}

function readTime(given: Given, option: "from" | "to", nowUs: number): number | null {
  const text = given.text(option);
  if (text === null) return null;
  const timeUs = parseTime(text, nowUs);
  if (timeUs === null) throw optionFault(option, text, TIME_FORMS);
  return timeUs;
}

function readFilters(filters: readonly string[]): readonly string[] {
  for (const filter of filters) {
    const problem = filterProblem(filter);
    if (problem !== null) throw optionFault("topic", filter, `a topic filter: ${problem}`);
  }
  return filters;
}

function readLimit(text: string | null): number | null {
  if (text === null) return null;
  const limit = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > LIMIT_MAX) throw optionFault("limit", text, "a whole number from 1 on");
  return limit;
}

/** What a command is asked for, beside a part of a stream. */
export interface RequestForm<Request extends Selected> {
  /** Its own options. */
  options: ParseArgsOptionsConfig;
  /** @throws Fault naming the option that is wrong. */
  read: (given: Given, context: { selected: Selected; environment: Environment }) => Request;
}

/**
 * Reads the command line of a command that takes a part of a stream.
 *
 * @throws Fault naming the option that is wrong, or ConfigurationFault for the streams themselves.
 */
export function readRequest<Request extends Selected>(
  { options, read }: RequestForm<Request>,
  argv: readonly string[],
  { environment, nowUs }: { environment: Environment; nowUs: number },
): Request | "help" {
  const given = parseArguments(argv, { ...SELECTION_OPTIONS, ...options });
  if (given.has("help")) return "help";
  return read(given, { selected: readSelection(given, environment, nowUs), environment });
}

/** The stream is configured, and nothing of it is on disk. */
export function nothingRecorded({ name, place }: Pick<StreamConfig, "name" | "place">): Fault {
  const where = place.kind === "file" ? place.file : place.folder;
  return new Fault(`--stream: nothing of ${name} is recorded at ${where}`, {
    remedy: "Has its logger run with the same configuration, and in the same folder?",
    exitCode: EXIT_CODES.unavailable,
  });
}
