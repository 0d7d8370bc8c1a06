import { filterProblem } from "@weir/protocol";
import {
  type Clock,
  type Environment,
  EXIT_CODES,
  Fault,
  print,
  type Screen,
  toolEnvironment,
} from "@weir/runtime";
import { type Cursor, type RangePage, type RangeQuery, readRange } from "@weir/store";
import { readStreams, type StreamConfig, type StreamsConfig } from "@weir/streams";
import type { Command } from "commander";
import {
  action,
  type Given,
  grouped,
  optionFault,
  repeated,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { isoMicroseconds, parseTime, TIME_FORMS } from "./times.ts";

/** A part of a stream. */
export interface Selected {
  stream: StreamConfig;
  streams: StreamsConfig;
  query: RangeQuery & { toUs: number };
}

/** A command that reads a part of a stream. */
interface RecordingCommand<Request extends Selected> {
  /** Adds its own options to those that select the part. */
  options: (command: Command) => void;
  /** @throws Fault naming the option that is wrong. */
  read: (given: Given, context: { selected: Selected; environment: Environment }) => Request;
  /** Returns the exit code. */
  run: (request: Request, recording: Recording, surroundings: Surroundings) => Promise<number>;
}

/** Adds the options that say which part of which stream, those of the command, and its action. */
export function defineRecordingCommand<Request extends Selected>(
  command: Command,
  surroundings: Surroundings,
  { options, read, run }: RecordingCommand<Request>,
): void {
  command
    .option("--stream <name>", "the stream (required)")
    .option("--from <time>", "from this time of reception on (default: the oldest message)")
    .option("--to <time>", "before this time of reception (default: now)")
    .option(
      "--topic <filter>",
      "only messages whose topic matches, + and # are wildcards; may be repeated",
      repeated,
    )
    .option("--limit <n>", "at most so many messages")
    .option("--cursor <place>", "continue behind the place that an earlier run has printed")
    .option(
      "--thorough",
      "find also what was received while the clock was set back by more than ten minutes; this reads the whole stream",
    );
  options(command);
  command.addHelpText("after", `\nA time is ${TIME_FORMS}.`);
  action(command, async (given) => {
    const environment = toolEnvironment(surroundings.environment);
    const selected = readSelection(given, environment, surroundings.clock.now() * 1_000);
    const request = read(given, { selected, environment });
    return await run(request, new Recording(command.name(), selected, surroundings), surroundings);
  });
}

const LIMIT_MAX = 1e15;

/** @throws Fault naming the option that is wrong, or ConfigurationFault for the streams themselves. */
function readSelection(given: Given, environment: Environment, nowUs: number): Selected {
  const fromUs = readTime(given, "from", nowUs);
  const toUs = readTime(given, "to", nowUs) ?? nowUs;
  if (fromUs !== null && fromUs >= toUs) {
    const shown = (option: "from" | "to", us: number): string =>
      `--${option} ${JSON.stringify(given.text(option))} (${isoMicroseconds(us)})`;
    const end = given.text("to") === null ? `now (${isoMicroseconds(toUs)})` : shown("to", toUs);
    throw usageFault(
      `${shown("from", fromUs)} is not before ${end}`,
      "--from is the beginning and --to the end: swap them, or name other times.",
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
  throw usageFault(
    name === null ? "--stream is missing" : `--stream: there is no ${JSON.stringify(name)}`,
    `The streams${where} are: ${names}.`,
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

/** A part of a stream while a command reads it, with its progress on standard error. */
export class Recording {
  /** Aborts when the command is to end; the reason is the signal's name. */
  readonly signal: AbortSignal;
  /** Behind the last page that was read; `null` before the first. */
  cursor: Cursor | null = null;
  /** Segments that could not be read. */
  unreadable = 0;
  readonly #name: string;
  readonly #selected: Selected;
  readonly #screen: Screen;
  readonly #progress: ProgressLine;

  constructor(name: string, selected: Selected, { clock, err, stopSignal }: Surroundings) {
    this.#name = name;
    this.#selected = selected;
    this.#screen = err;
    const { fromUs = null, toUs } = selected.query;
    this.#progress = createProgressLine({ terminal: err, clock, fromUs, toUs });
    this.signal = stopSignal();
  }

  /** Reads a page at a time: never more is in memory. Reports what it has to skip. */
  async *pages(): AsyncGenerator<RangePage> {
    const { stream, query } = this.#selected;
    for await (const page of readRange(stream.place, query)) {
      for (const { kind, reason } of page.skipped) {
        if (kind === "unreadable") this.unreadable += 1;
        this.say(reason);
      }
      this.cursor = page.cursor;
      yield page;
    }
  }

  /** @param reachedUs the time of reception that the command has reached; `null` at first. */
  show(messages: number, reachedUs: number | null): void {
    this.#progress.show(messages, reachedUs);
  }

  say(text: string): void {
    this.clear();
    print(`weir ${this.#name}: ${text}\n`, { to: this.#screen });
  }

  /** Removes the progress line. */
  clear(): void {
    this.#progress.clear();
  }

  /**
   * The exit code of a command that has read all of it.
   *
   * @throws Fault when the stream is configured, and nothing of it is on disk.
   */
  exitCode(): number {
    if (this.cursor !== null) return this.unreadable > 0 ? EXIT_CODES.fault : EXIT_CODES.ok;
    const { name, place } = this.#selected.stream;
    const where = place.kind === "file" ? place.file : place.folder;
    throw new Fault(`--stream: nothing of ${name} is recorded at ${where}`, {
      remedy: "Has its logger run with the same configuration, and in the same folder?",
      exitCode: EXIT_CODES.unavailable,
    });
  }
}

const INTERVAL_MS = 250;
const ERASE = "\r\x1b[K";

interface ProgressLine {
  show(messages: number, reachedUs: number | null): void;
  clear(): void;
}

/** One line that shows progress on a terminal; nothing elsewhere. */
function createProgressLine(options: {
  terminal: Screen;
  clock: Clock;
  /** `null` until the first message has come. */
  fromUs: number | null;
  toUs: number;
}): ProgressLine {
  const { terminal, clock, toUs } = options;
  if (terminal.isTTY !== true) return { show: () => {}, clear: () => {} };
  const startMs = clock.monotonic();
  let { fromUs } = options;
  let shownMs = Number.NEGATIVE_INFINITY;

  return {
    show: (messages, reachedUs) => {
      fromUs ??= reachedUs;
      const nowMs = clock.monotonic();
      if (nowMs - shownMs < INTERVAL_MS) return;
      shownMs = nowMs;
      const elapsedMs = nowMs - startMs;
      const text = renderProgress({ messages, reachedUs, fromUs, toUs, elapsedMs });
      print(text, { to: terminal, control: ERASE });
    },
    clear: () => print("", { to: terminal, control: ERASE }),
  };
}

/** Messages, the share of the time span that is done, messages per second, the time reached. */
export function renderProgress(
  state: { messages: number; elapsedMs: number } & Record<"reachedUs" | "fromUs", number | null> & {
      toUs: number;
    },
): string {
  const { messages, reachedUs, fromUs, toUs, elapsedMs } = state;
  const rate = elapsedMs > 0 ? Math.round((messages * 1_000) / elapsedMs) : 0;
  const counted = `${grouped(messages)} messages, ${grouped(rate)}/s`;
  if (reachedUs === null || fromUs === null || toUs <= fromUs) return counted;
  const share = Math.min(1, Math.max(0, (reachedUs - fromUs) / (toUs - fromUs)));
  return `${Math.floor(share * 100)} %, ${counted}, at ${isoMicroseconds(reachedUs).slice(0, 19)}Z`;
}
