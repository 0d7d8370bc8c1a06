import { type LoggerConfig, readLoggerConfig } from "@weir/logger/config";
import { takes } from "@weir/logger/plan";
import type { ClientLogger } from "@weir/mqtt";
import { isName, NAME_RULE } from "@weir/protocol";
import {
  type BrokerConfig,
  createLogger,
  EXIT_CODES,
  Fault,
  print,
  toolEnvironment,
} from "@weir/runtime";
import { type LedgerReader, newestFileOf, openReader } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import type { Command } from "commander";
import { type Announcements, findAnnouncements } from "./announcements.ts";
import { type AuditNotes, createAuditTable, SHOWN_MAX } from "./audit-table.ts";
import { action, examples, optionFault, printJson, type Surroundings } from "./command-line.ts";
import {
  type AuditLine,
  createTally,
  type Doubt,
  exitCodeOf,
  reconcile,
  unjudged,
  unsupported,
} from "./reconcile.ts";

interface AuditRequest {
  config: LoggerConfig;
  /** Audits this publisher only; `null` audits all. */
  publisher: string | null;
  logger: ClientLogger;
  onLine: (line: AuditLine) => void;
}

/**
 * Sets what the publishers announce at each broker beside the ledgers of the streams that it feeds,
 * publisher by publisher.
 *
 * @throws Fault when there is no store at all or a broker does not answer.
 */
async function audit({ config, ...request }: AuditRequest): Promise<AuditNotes> {
  using open = new DisposableStack();
  const { streams: configs, brokers } = config.streams;
  const streams = openStreams(configs, open);
  const tally = createTally();
  const seen: Seen = { found: 0, ignored: 0, inLedger: 0, inBoth: 0 };
  for (const [name, fed] of Map.groupBy(streams, ({ broker }) => broker)) {
    const broker = { name, config: brokers[name] as BrokerConfig };
    for await (const line of auditBroker({ ...request, broker, streams: fed, seen })) {
      tally.add(line);
      request.onLine(line);
    }
  }
  return {
    ...tally.result(),
    unsequenced: streams.reduce((sum, { ledger }) => sum + (ledger?.unsequenced() ?? 0), 0),
    ignored: seen.ignored,
    hints: hintsOf(seen, request.publisher),
  };
}

/** How many publishers were met, and where. */
interface Seen {
  found: number;
  ignored: number;
  inLedger: number;
  inBoth: number;
}

interface BrokerAudit extends Pick<AuditRequest, "publisher" | "logger"> {
  broker: { name: string; config: BrokerConfig };
  streams: readonly OpenStream[];
  seen: Seen;
}

async function* auditBroker(task: BrokerAudit): AsyncGenerator<AuditLine> {
  const { broker, streams, seen, publisher, logger } = task;
  const known = publishersOf(streams, publisher);
  const announcements = await findAnnouncements({ broker, logger, known, only: publisher });
  // From here on the ledgers are newer than the announcements. Those who came meanwhile are known, too.
  const inLedger = publishersOf(streams, publisher);
  const forgotten = new Map(streams.map(({ ledger }) => [ledger, ledger?.forgotten()]));
  const { found, ignored } = announcements;
  const both = [...found.keys()].filter((name) => inLedger.has(name));
  seen.found += found.size;
  seen.ignored += ignored;
  seen.inLedger += inLedger.size;
  seen.inBoth += both.length;
  for (const name of new Set([...inLedger, ...found.keys()])) {
    const accounts = streams.map(({ stream, takes, ledger }) => ({
      stream,
      takes,
      hasStore: ledger !== null,
      lines: inLedger.has(name) ? (ledger?.lines(name) ?? []) : [],
      forgotten: forgotten.get(ledger)?.get(name) ?? null,
    }));
    yield* reconcile(name, found.get(name) ?? doubtOf(name, announcements, inLedger), accounts);
  }
}

interface OpenStream {
  stream: string;
  /** A key of `StreamsConfig.brokers`. */
  broker: string;
  /** `null` before the logger has made its first file. */
  ledger: LedgerReader | null;
  takes: (topic: string) => boolean;
}

/** @param only leaves out all others, unless it is `null`. */
function publishersOf(streams: readonly OpenStream[], only: string | null): ReadonlySet<string> {
  const all = new Set(streams.flatMap(({ ledger }) => ledger?.publishers() ?? []));
  if (only === null) return all;
  return new Set(all.has(only) ? [only] : []);
}

/** @throws Fault when none of the streams has a file. */
function openStreams(configs: readonly StreamConfig[], open: DisposableStack): OpenStream[] {
  const streams = configs.map((config) => openStream(config, open));
  if (streams.some(({ ledger }) => ledger !== null)) return streams;
  const places = configs.map(({ place }) => (place.kind === "file" ? place.file : place.folder));
  throw new Fault(`there is no store at ${places.join(" or ")}`, {
    remedy:
      "Name it in DB_FILE or weir.yaml, or start the suite first; for a store in Compose: docker compose run --rm weir audit.",
    exitCode: EXIT_CODES.unavailable,
  });
}

function openStream(config: StreamConfig, open: DisposableStack): OpenStream {
  const { name, broker, place } = config;
  const file = newestFileOf(place, name);
  const reader = file === null ? null : openReader(file);
  if (reader !== null) open.use(reader);
  return {
    stream: name,
    broker,
    ledger: reader?.ledger ?? null,
    takes: (topic) => takes(config, topic),
  };
}

/** Why there is no announcement to set beside the ledger. */
function doubtOf(name: string, { found }: Announcements, inLedger: ReadonlySet<string>): Doubt {
  if (!found.has(name))
    return unjudged(`the broker keeps no announcement on weir/publisher/${name}`);
  const reason = "its announcement cannot be read";
  return inLedger.has(name) ? unjudged(reason) : unsupported(reason);
}

function hintsOf({ found, ignored, inLedger, inBoth }: Seen, only: string | null): string[] {
  if (found + inLedger === 0 && only !== null)
    return [`Neither the ledger nor the broker knows a publisher ${only}.`];
  if (found + ignored + inLedger === 0)
    return ["There are no publishers with an outbox: neither the ledger nor the broker knows any."];
  if (found === 0)
    return [
      "The broker keeps no announcement at all: does BROKER name the one that the publishers use?",
    ];
  if (inBoth === 0)
    return [
      "No publisher that announces itself is in the ledger: do DB_FILE and BROKER belong together?",
    ];
  return [];
}

export function define(command: Command, { environment, out }: Surroundings): void {
  command
    .option("--publisher <name>", "audit this publisher only")
    .option("--all", `print every line, not only the ${SHOWN_MAX} worst`)
    .option("--json", "print every line as JSON, and the result as the last line")
    .option(
      "--strict",
      "end with 3 when something could not be judged or is claimed without support",
    );
  examples(
    command,
    ["audit", "audit --publisher kitchen --json", "audit --strict"],
    `It compares what publishers with an outbox announce with what is stored. It only reads.

Exit codes:
  0   all that could be judged is complete
  1   messages are missing
  2   nothing could be judged
  3   only with --strict
  69  the broker or a store is missing
  78  the configuration or the command line is wrong`,
  );
  action(command, async (given) => {
    const publisher = given.text("publisher");
    if (publisher !== null && !isName(publisher)) {
      throw optionFault("publisher", publisher, NAME_RULE);
    }
    const config = readLoggerConfig(toolEnvironment(environment));
    const table = createAuditTable(given.has("all") ? Number.POSITIVE_INFINITY : SHOWN_MAX);
    const isJson = given.has("json");
    const notes = await audit({
      config,
      publisher,
      logger: createLogger("audit", { ...config.process, logLevel: "warn" }),
      onLine: isJson ? (line) => printJson(line, { to: out }) : table.add,
    });
    if (isJson) printJson(notes, { to: out });
    else print(table.render(notes), { to: out });
    return exitCodeOf(notes, given.has("strict"));
  });
}
