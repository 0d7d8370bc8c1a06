import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { ClientLogger } from "@weir/mqtt";
import { type BrokerConfig, EXIT_CODES, Fault } from "@weir/runtime";
import { type LedgerReader, newestFileOf, openReader } from "@weir/store";
import { type StreamConfig, type StreamsConfig, takes } from "@weir/streams";
import { type Announcements, findAnnouncements } from "./announcements.ts";
import { type AuditLine, type Doubt, reconcile, unjudged, unsupported } from "./reconcile.ts";
import { createTally, type Tally } from "./tally.ts";

/** What an audit compares. */
export interface AuditTask extends Pick<StreamsConfig, "streams" | "brokers"> {
  /** Audits this publisher only; `null` audits all. */
  only: string | null;
  /** Begins the client ids at the brokers. Default `weir-audit`. */
  clientIdPrefix?: string;
  logger: ClientLogger;
  onLine: (line: AuditLine) => void;
  /** Ends the audit before it is done. */
  signal?: AbortSignal;
}

/** What an audit has found beside its lines. */
export interface AuditNotes extends Tally {
  /** Messages of publishers without an outbox. */
  unsequenced: number;
  /** Announcements that were not looked at. */
  ignored: number;
  /** What else an operator should know, in sentences. */
  hints: readonly string[];
}

/** So long an audit may keep a service from its other work. */
const SLICE_MS = 10;

/**
 * Compares what the publishers announce at each broker with the ledgers of the streams that it feeds,
 * publisher by publisher.
 *
 * @throws Fault when there is no store at all or a broker does not answer; the signal's reason when that aborts.
 */
export async function audit(task: AuditTask): Promise<AuditNotes> {
  const { brokers, only, logger, onLine, clientIdPrefix = "weir-audit" } = task;
  const { signal = new AbortController().signal } = task;
  refuseNothing(task.streams);
  const tally = createTally();
  const seen: Seen = { found: 0, ignored: 0, inLedger: 0, inBoth: 0 };
  let unsequenced = 0;
  for (const [name, fed] of Map.groupBy(task.streams, ({ broker }) => broker)) {
    // The configuration was checked: a stream names no broker that is missing.
    const broker = { name, config: brokers[name] as BrokerConfig };
    const known = readPublishers(fed, only);
    const search = { broker, logger, known, only, clientIdPrefix, signal };
    const announcements = await findAnnouncements(search);
    // From here on the ledgers are newer than the announcements, also those of streams that have rotated meanwhile.
    // Publishers that came meanwhile are in them, too.
    using open = new DisposableStack();
    const streams = fed.map((config) => openStream(config, open));
    const inLedger = publishersOf(streams, only);
    const { found, ignored } = announcements;
    seen.found += found.size;
    seen.ignored += ignored;
    seen.inLedger += inLedger.size;
    seen.inBoth += [...found.keys()].filter((publisher) => inLedger.has(publisher)).length;
    const forgotten = new Map(streams.map(({ ledger }) => [ledger, ledger?.forgotten()]));
    let sinceMs = performance.now();
    for (const publisher of new Set([...inLedger, ...found.keys()])) {
      const accounts = streams.map(({ config, ledger }) => ({
        stream: config.name,
        takes: (topic: string) => takes(config, topic),
        hasStore: ledger !== null,
        lines: inLedger.has(publisher) ? (ledger?.lines(publisher) ?? []) : [],
        forgotten: forgotten.get(ledger)?.get(publisher) ?? null,
      }));
      const announced = found.get(publisher) ?? doubtOf(publisher, announcements, inLedger);
      for (const line of reconcile(publisher, announced, accounts)) {
        tally.add(line);
        onLine(line);
      }
      if (performance.now() - sinceMs < SLICE_MS) continue;
      await yieldToEvents();
      signal.throwIfAborted();
      sinceMs = performance.now();
    }
    unsequenced += streams.reduce((sum, { ledger }) => sum + (ledger?.unsequenced() ?? 0), 0);
  }
  return { ...tally.result(), unsequenced, ignored: seen.ignored, hints: hintsOf(seen, only) };
}

/** How many publishers were met, and where. */
interface Seen {
  found: number;
  ignored: number;
  inLedger: number;
  inBoth: number;
}

interface OpenStream {
  config: StreamConfig;
  /** `null` before the logger has made its first file. */
  ledger: LedgerReader | null;
}

/** @param only leaves out all others, unless it is `null`. */
function publishersOf(streams: readonly OpenStream[], only: string | null): ReadonlySet<string> {
  const all = new Set(streams.flatMap(({ ledger }) => ledger?.publishers() ?? []));
  if (only === null) return all;
  return new Set(all.has(only) ? [only] : []);
}

function readPublishers(
  configs: readonly StreamConfig[],
  only: string | null,
): ReadonlySet<string> {
  using open = new DisposableStack();
  const streams = configs.map((config) => openStream(config, open));
  return publishersOf(streams, only);
}

/** @throws Fault when none of the streams has a file. */
function refuseNothing(configs: readonly StreamConfig[]): void {
  if (configs.some(({ place, name }) => newestFileOf(place, name) !== null)) return;
  const places = configs.map(({ place }) => (place.kind === "file" ? place.file : place.folder));
  throw new Fault(`there is no store at ${places.join(" or ")}`, {
    remedy:
      "Name it in DB_FILE or weir.yaml, or start the suite first; for a store in Compose: docker compose run --rm weir audit.",
    exitCode: EXIT_CODES.unavailable,
  });
}

function openStream(config: StreamConfig, open: DisposableStack): OpenStream {
  const file = newestFileOf(config.place, config.name);
  const reader = file === null ? null : openReader(file);
  if (reader !== null) open.use(reader);
  return { config, ledger: reader?.ledger ?? null };
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
