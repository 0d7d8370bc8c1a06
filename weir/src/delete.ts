import { setTimeout as pause } from "node:timers/promises";
import { createIsoTime, filterProblem, matchesFilter } from "@weir/protocol";
import { EXIT_CODES, print, readSettings, storeSettings, visible } from "@weir/runtime";
import { type CataloguedSeries, formatSeries, indexFileOf, readCatalogue } from "@weir/series";
import type { Command } from "commander";
import { z } from "zod";
import {
  action,
  columnsText,
  examples,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  printJson,
  repeated,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { namedSeries, readAllSeries } from "./named-series.ts";
import { ServiceClient } from "./service-client.ts";
import { TIME_FORMS } from "./time.ts";
import { readTimeSpan, readTimeZone } from "./time-options.ts";

const LINES_MAX = 20;
const POLL_MS = 250;

export function define(command: Command, surroundings: Surroundings): void {
  command
    .argument("[stream]", "the stream that the rows are in")
    .option("--topic <filter>", "a topic filter; may be repeated", repeated)
    .option("--series <name>", "the topic of this series; may be repeated", repeated)
    .option("--from <time>", "received from this time on")
    .option("--to <time>", "and before this one (default: now)")
    .option(
      "--day <day>",
      "a whole day, instead of --from and --to: yesterday, today or 2026-11-26",
    )
    .option("--time-zone <name>", "the zone of times and days without one (default: UTC)")
    .option("--yes", "delete it; without this, only show what would be deleted")
    .option("--list", "show all deletions")
    .option("--undo <id>", "bring back what a deletion has hidden")
    .option("--json", "print what the logger answers as JSON")
    .addHelpText("after", `\nA time is ${TIME_FORMS}.`);
  examples(
    command,
    [
      "delete home --topic tele/plug/SENSOR --from 2026-11-27T10:00:00Z --to 2026-11-27T10:20:00Z",
      "delete home --series 'home:tele/plug/SENSOR#ENERGY.Power' --day yesterday --yes",
      "delete home --topic 'guests/#' --from 2020-01-01 --yes",
      "delete --list",
      "delete --undo 3f9a01bc",
    ],
    `The logger does it: it hides the rows at once, and removes them for good after 24 hours. Until then --undo
brings them back. A row has all points of a message, so a series stands for its topic. Points in the history
are chosen by their time of observation. docs/how-to/delete-data.md says more.`,
  );
  action(command, async (given, stream) => {
    const signal = surroundings.stopSignal();
    try {
      await run(given, stream, { ...surroundings, signal });
      return EXIT_CODES.ok;
    } catch (error) {
      if (signal.aborted) return exitCodeOf(signal);
      throw error;
    }
  });
}

type Context = Surroundings & { signal: AbortSignal };

async function run(given: Given, stream: string | undefined, context: Context): Promise<void> {
  const undone = given.text("undo");
  const isAlone = stream === undefined && !(given.has("list") && undone !== null);
  if (given.has("list") || undone !== null) {
    if (!isAlone) throw usageFault("--list and --undo stand alone", "See --help.");
    if (undone === null) await list(given, context);
    else await undo(undone, given, context);
    return;
  }
  if (stream === undefined) throw usageFault("no stream is named", "See --help.");
  const request = readRequest(given, stream, context);
  if (given.has("yes")) await hide(request, given, context);
  else await preview(request, given, context);
}

interface Request {
  stream: string;
  filters: readonly string[];
  from: string;
  to: string;
}

function readRequest(given: Given, stream: string, { environment, clock }: Context): Request {
  const timeZone = readTimeZone(given);
  const { fromUs, toUs } = readTimeSpan(given, clock.now() * 1_000, timeZone);
  if (fromUs === null) {
    const remedy = "Name it in --from; --from 1970-01-01 is everything before --to.";
    throw usageFault("--from is missing: a deletion has a beginning", remedy);
  }
  const topics = given.texts("topic");
  for (const topic of topics) {
    const problem = filterProblem(topic);
    if (problem !== null) throw optionFault("topic", topic, `a topic filter: ${problem}`);
  }
  const filters = new Set([
    ...topics,
    ...topicsOfSeries(given.texts("series"), stream, environment),
  ]);
  if (filters.size === 0) {
    throw usageFault(
      "nothing is named",
      "Give --topic or --series; --topic '#' is the whole stream.",
    );
  }
  const iso = createIsoTime();
  return { stream, filters: [...filters], from: iso(fromUs), to: iso(toUs) };
}

function topicsOfSeries(
  names: readonly string[],
  stream: string,
  environment: Surroundings["environment"],
): string[] {
  if (names.length === 0) return [];
  const all = readAllSeries(indexFile(environment));
  const ofStream = all.filter((one) => one.stream === stream);
  return names.map((name) => {
    const found = all.find((one) => formatSeries(one) === name);
    if (found !== undefined && found.stream !== stream) {
      throw usageFault(
        `--series ${JSON.stringify(name)} is of the stream ${found.stream}, and the deletion of ${stream}`,
        "Name a series of the same stream: each deletion is of one.",
      );
    }
    // A topic that has wildcards is none, so it is a filter of itself.
    return namedSeries(ofStream, name).topic;
  });
}

const indexFile = (environment: Surroundings["environment"]): string =>
  indexFileOf(readSettings(storeSettings, environment).DB_FILE);

const previewSchema = z.object({
  rows: z.number(),
  bytes: z.number(),
  first: z.string().nullable(),
  last: z.string().nullable(),
  topicCount: z.number(),
  topics: z.array(z.object({ topic: z.string(), rows: z.number() })),
  otherTopicsRows: z.number(),
  skipped: z.array(z.string()),
});

async function preview(request: Request, given: Given, context: Context): Promise<void> {
  const { environment, signal, out, err } = context;
  const client = ServiceClient.logger(environment, signal);
  const found = await client.ask("POST", "/deletions/preview", previewSchema, request);
  const series = seriesOf(request, readCatalogue(indexFile(environment)) ?? []);
  for (const reason of found.skipped) print(`weir delete: ${reason}\n`, { to: err });
  if (given.has("json")) {
    printJson({ ...request, ...found, series: series.map(formatSeries) }, { to: out, indent: 2 });
    return;
  }
  const { rows, bytes, first, last, topicCount, topics, otherTopicsRows } = found;
  const when = first === null ? "" : `, received from ${first} to ${last}`;
  const topicWord = topicCount === 1 ? "topic" : "topics";
  const more = otherTopicsRows > 0 ? "more than " : "";
  const parts = [
    `${grouped(rows)} ${rows === 1 ? "row" : "rows"} of ${more}${grouped(topicCount)} ${topicWord}, ${grouped(bytes)} bytes of payloads${when}\n`,
  ];
  if (rows > 0) {
    const shown = topics.slice(0, LINES_MAX).map((one) => [visible(one.topic), grouped(one.rows)]);
    parts.push(`\n${columnsText([["topic", "rows"], ...shown])}\n${rest(topicCount)}`);
    if (series.length > 0) {
      const names = series.slice(0, LINES_MAX).map((one) => `${visible(formatSeries(one))}\n`);
      parts.push(
        `\nThese series lose their points of that time:\n${names.join("")}${rest(series.length)}`,
      );
    }
  }
  parts.push("\nNothing has been deleted. Add --yes to do it; it can be undone for 24 hours.\n");
  print(parts.join(""), { to: out });
}

function rest(count: number): string {
  return count > LINES_MAX ? `and ${grouped(count - LINES_MAX)} more\n` : "";
}

function seriesOf(
  { stream, filters }: Request,
  all: readonly CataloguedSeries[],
): CataloguedSeries[] {
  return all.filter(
    (one) => one.stream === stream && filters.some((filter) => matchesFilter(filter, one.topic)),
  );
}

const deletionSchema = z.object({
  id: z.string(),
  stream: z.string(),
  filters: z.array(z.string()),
  from: z.string(),
  to: z.string(),
  state: z.string(),
  undoUntil: z.string().nullable(),
  hiddenRows: z.number(),
  restoredRows: z.number(),
  skipped: z.array(z.string()),
  problem: z.string().nullable(),
});

type Deletion = z.infer<typeof deletionSchema>;

async function hide(request: Request, given: Given, context: Context): Promise<void> {
  const client = ServiceClient.logger(context.environment, context.signal);
  const asked = await client.ask("POST", "/deletions", deletionSchema, request);
  const hidden = await untilDone(client, asked, context);
  report(hidden, given, context, () => {
    const until = hidden.undoUntil === null ? "" : ` until ${hidden.undoUntil}`;
    const rows = rowsAre(hidden.hiddenRows, "hidden");
    return `${rows}. weir delete --undo ${hidden.id} brings them back${until}.`;
  });
}

async function undo(id: string, given: Given, context: Context): Promise<void> {
  const client = ServiceClient.logger(context.environment, context.signal);
  const path = `/deletions/${encodeURIComponent(id)}/undo`;
  const asked = await client.ask("POST", path, deletionSchema);
  const undone = await untilDone(client, asked, context);
  report(undone, given, context, () => `${rowsAre(undone.restoredRows, "back")}.`);
}

function rowsAre(count: number, what: string): string {
  return count === 1 ? `1 row is ${what}` : `${grouped(count)} rows are ${what}`;
}

const listSchema = z.object({ deletions: z.array(deletionSchema) });

const askList = async (client: ServiceClient): Promise<Deletion[]> =>
  (await client.ask("GET", "/deletions", listSchema)).deletions;

/** Waits until the rows are hidden, or back. */
async function untilDone(
  client: ServiceClient,
  asked: Deletion,
  { signal, err }: Context,
): Promise<Deletion> {
  let shown: string | null = null;
  for (let deletion = asked; ; ) {
    if (deletion.state !== "hiding" && deletion.state !== "undoing") return deletion;
    if (deletion.problem !== null && deletion.problem !== shown) {
      shown = deletion.problem;
      print(`weir delete: the logger waits: ${visible(shown)}\n`, { to: err });
    }
    await pause(POLL_MS, undefined, { signal });
    deletion = (await askList(client)).find(({ id }) => id === asked.id) ?? deletion;
  }
}

function report(
  deletion: Deletion,
  given: Given,
  { out, err }: Context,
  words: () => string,
): void {
  for (const reason of deletion.skipped) {
    print(`weir delete: left out: ${visible(reason)}\n`, { to: err });
  }
  if (given.has("json")) printJson(deletion, { to: out, indent: 2 });
  else print(`${words()}\n`, { to: out });
}

async function list(given: Given, { environment, signal, out, err }: Context): Promise<void> {
  const deletions = await askList(ServiceClient.logger(environment, signal));
  if (given.has("json")) {
    for (const deletion of deletions) printJson(deletion, { to: out });
    return;
  }
  if (deletions.length === 0) {
    print("weir delete: there are no deletions\n", { to: err });
    return;
  }
  const head = ["id", "state", "rows", "undo until", "stream", "from", "to", "topics"];
  const rows = deletions.map((one) => [
    one.id,
    one.state,
    grouped(one.hiddenRows),
    one.state === "hidden" ? (one.undoUntil ?? "") : "",
    visible(one.stream),
    one.from,
    one.to,
    one.filters.map(visible).join(", "),
  ]);
  print(`${columnsText([head, ...rows])}\n`, { to: out });
}
