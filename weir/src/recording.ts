import { filterProblem } from "@weir/protocol";
import { type Clock, EXIT_CODES, Fault, print, type Screen, toolEnvironment } from "@weir/runtime";
import { type Cursor, type RangePage, type RangeQuery, readRange } from "@weir/store";
import { readStreams, type StreamConfig, type StreamsConfig } from "@weir/streams";
import type { Command } from "commander";
import {
  type Given,
  grouped,
  optionFault,
  readNumber,
  repeated,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { TIME_FORMS, timeText } from "./time.ts";
import { readTimeSpan, readTimeZone } from "./time-options.ts";

/** Adds the options that select a part of a stream; `new Recording` reads them. */
export function addRecordingOptions(command: Command): Command {
  return command
    .option("--stream <name>", "name of the stream (required)")
    .option("--from <time>", "start at this time of reception (default: the oldest message)")
    .option("--to <time>", "stop before this time of reception (default: now)")
    .option(
      "--day <day>",
      "a whole day of reception, instead of --from and --to: yesterday, today or 2026-11-26",
    )
    .option(
      "--time-zone <name>",
      "the zone of --day, and of --from and --to without one: Europe/Berlin (default: UTC)",
    )
    .option(
      "--topic <filter>",
      "only messages whose topic matches this filter (wildcards + and #); may be repeated",
      repeated,
    )
    .option("--limit <n>", "stop after n messages")
    .option("--cursor <place>", "continue after the cursor that an earlier run printed")
    .option(
      "--thorough",
      "also find messages that were received while the clock was set back by more than ten minutes; reads the whole stream",
    )
    .addHelpText("after", `\nA time is ${TIME_FORMS}.`);
}

const PROGRESS_MS = 250;
const ERASE = "\r\x1b[K";

/** A part of a stream while a command reads it, with its progress on standard error. */
export class Recording {
  readonly stream: StreamConfig;
  readonly streams: StreamsConfig;
  readonly query: Query;
  /** Aborts when the command is to end; the reason is the signal's name. */
  readonly signal: AbortSignal;
  /** After the last page that was read; `null` before the first. */
  cursor: Cursor | null = null;
  #hasUnreadable = false;
  readonly #command: string;
  /** That in which times are read and shown. */
  readonly #timeZone: string;
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #startMs: number;
  #shownMs = Number.NEGATIVE_INFINITY;
  /** `null` until the first message has come, without `--from`. */
  #fromUs: number | null;

  /** @throws Fault naming the option that is wrong, or ConfigurationFault for the streams themselves. */
  constructor(command: Command, given: Given, surroundings: Surroundings) {
    const { clock, environment, err, stopSignal } = surroundings;
    this.#timeZone = readTimeZone(given);
    this.query = readQuery(given, clock.now() * 1_000, this.#timeZone);
    this.streams = readStreams(toolEnvironment(environment));
    this.stream = findStream(given.text("stream"), this.streams);
    this.signal = stopSignal();
    this.#command = command.name();
    this.#screen = err;
    this.#clock = clock;
    this.#startMs = clock.monotonic();
    this.#fromUs = this.query.fromUs ?? null;
  }

  /** Reads a page at a time: never more is in memory. Reports what it has to skip. */
  async *pages(): AsyncGenerator<RangePage> {
    for await (const page of readRange(this.stream.place, this.query)) {
      for (const { kind, reason } of page.skipped) {
        if (kind === "unreadable") this.#hasUnreadable = true;
        this.say(reason);
      }
      this.cursor = page.cursor;
      yield page;
    }
  }

  /**
   * Shows progress in one line of a terminal.
   *
   * @param reachedUs the time of reception that the command has reached; `null` at first.
   */
  show(messages: number, reachedUs: number | null): void {
    if (this.#screen.isTTY !== true) return;
    this.#fromUs ??= reachedUs;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#shownMs < PROGRESS_MS) return;
    this.#shownMs = nowMs;
    const span = { reachedUs, fromUs: this.#fromUs, toUs: this.query.toUs };
    const text = renderProgress(
      { messages, ...span, elapsedMs: nowMs - this.#startMs },
      this.#timeZone,
    );
    print(text, { to: this.#screen, control: ERASE });
  }

  say(text: string): void {
    this.clear();
    print(`weir ${this.#command}: ${text}\n`, { to: this.#screen });
  }

  /** Removes the line of progress. */
  clear(): void {
    if (this.#screen.isTTY === true) print("", { to: this.#screen, control: ERASE });
  }

  /**
   * The exit code of a command that has read all of it.
   *
   * @throws Fault when the stream is configured, and nothing of it is on disk.
   */
  exitCode(): number {
    if (this.cursor !== null) return this.#hasUnreadable ? EXIT_CODES.fault : EXIT_CODES.ok;
    const { name, place } = this.stream;
    const where = place.kind === "file" ? place.file : place.folder;
    throw new Fault(`--stream: nothing of ${name} is recorded at ${where}`, {
      remedy: "Has its logger run with the same configuration, and in the same folder?",
      exitCode: EXIT_CODES.unavailable,
    });
  }
}

/** Messages, the share of the time span that is done, messages per second, the time reached. */
export function renderProgress(
  state: {
    messages: number;
    elapsedMs: number;
    reachedUs: number | null;
    fromUs: number | null;
    toUs: number;
  },
  timeZone: string,
): string {
  const { messages, reachedUs, fromUs, toUs, elapsedMs } = state;
  const rate = elapsedMs > 0 ? Math.round((messages * 1_000) / elapsedMs) : 0;
  const counted = `${grouped(messages)} messages, ${grouped(rate)}/s`;
  if (reachedUs === null || fromUs === null || toUs <= fromUs) return counted;
  const share = Math.min(1, Math.max(0, (reachedUs - fromUs) / (toUs - fromUs)));
  return `${Math.floor(share * 100)} %, ${counted}, at ${timeText(reachedUs, timeZone, 0)}`;
}

type Query = RangeQuery & { toUs: number };

function readQuery(given: Given, nowUs: number, timeZone: string): Query {
  const { fromUs, toUs } = readTimeSpan(given, nowUs, timeZone);
  const filters = given.texts("topic");
  for (const filter of filters) {
    const problem = filterProblem(filter);
    if (problem !== null) throw optionFault("topic", filter, `a topic filter: ${problem}`);
  }
  const limit = readNumber(given, "limit", { min: 1, max: 1e15, isWhole: true });
  const after = given.text("cursor");
  return {
    toUs,
    filters,
    isThorough: given.has("thorough"),
    ...(fromUs === null ? {} : { fromUs }),
    ...(limit === null ? {} : { limit }),
    ...(after === null ? {} : { after }),
  };
}

export function findStream(name: string | null, { streams, file }: StreamsConfig): StreamConfig {
  const found = streams.find((stream) => stream.name === name);
  if (found !== undefined) return found;
  const names = streams.map((stream) => stream.name).join(", ") || "none";
  const where = file === null ? "" : ` in ${file}`;
  throw usageFault(
    name === null ? "--stream is missing" : `--stream: there is no ${JSON.stringify(name)}`,
    `The streams${where} are: ${names}.`,
  );
}
