import type { BrokerConfig } from "@weir/config";
import { EXIT_CODES, Fault } from "@weir/fault";
import type { LinkLogger } from "@weir/mqtt";
import { type LedgerReader, newestFileOf, openReader } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import { matchesFilter } from "@weir/topics";
import type { LoggerConfig } from "../config.ts";
import { type Announcements, findAnnouncements } from "./announcements.ts";
import { type Doubt, unjudged, unsupported } from "./claim.ts";
import { type AuditLine, reconcile } from "./reconcile.ts";
import type { AuditNotes } from "./render.ts";
import { createTally } from "./tally.ts";

export interface AuditRequest {
  config: LoggerConfig;
  /** Audits this publisher only; `null` audits all. */
  publisher: string | null;
  logger: LinkLogger;
  onLine: (line: AuditLine) => void;
}

/**
 * Sets what the publishers announce beside the ledgers, publisher by publisher.
 *
 * @throws Fault when there is no store at all or the broker does not answer.
 */
export async function audit(request: AuditRequest): Promise<AuditNotes> {
  const { config, publisher, logger, onLine } = request;
  using open = new DisposableStack();
  const streams = openStreams(config.streams.streams, open);
  const known = new Set(publisher === null ? streams.flatMap(publishersOf) : [publisher]);
  const announcements = await findAnnouncements({
    // The suite's own publishers are at the broker of the environment.
    broker: config.streams.brokers.default as BrokerConfig,
    logger,
    known,
    only: publisher,
  });
  // From here on the ledgers are newer than the announcements. Those who came meanwhile are known, too.
  const tally = createTally();
  const inLedger = new Set(streams.flatMap(publishersOf));
  for (const name of new Set([...known, ...announcements.found.keys()])) {
    const accounts = streams.map(({ stream, takes, ledger }) => ({
      stream,
      takes,
      hasStore: ledger !== null,
      lines: inLedger.has(name) ? (ledger?.lines(name) ?? []) : [],
      forgotten: ledger?.forgotten(name) ?? null,
    }));
    const announced = announcements.found.get(name) ?? doubtOf(name, announcements, inLedger);
    for (const line of reconcile(name, announced, accounts)) {
      tally.add(line);
      onLine(line);
    }
  }
  return {
    ...tally.result(),
    unsequenced: streams.reduce((sum, { ledger }) => sum + (ledger?.unsequenced() ?? 0), 0),
    ignored: announcements.ignored,
    hints: hintsOf(announcements, inLedger),
  };
}

interface OpenStream {
  stream: string;
  /** `null` before the logger has made its first file. */
  ledger: LedgerReader | null;
  takes: (topic: string) => boolean;
}

const publishersOf = ({ ledger }: OpenStream): string[] => ledger?.publishers() ?? [];

/** @throws Fault when none of the streams has a file. */
function openStreams(configs: readonly StreamConfig[], open: DisposableStack): OpenStream[] {
  const streams = configs.map((config) => openStream(config, open));
  if (streams.some(({ ledger }) => ledger !== null)) return streams;
  const places = configs.map(({ place }) => (place.kind === "file" ? place.file : place.folder));
  throw new Fault(`there is no store at ${places.join(" or ")}`, {
    remedy:
      "Name it in DB_FILE or weir.yaml, or start the suite first; one in Compose is asked by docker compose exec logger node services/logger/src/audit/main.ts.",
    exitCode: EXIT_CODES.unavailable,
  });
}

function openStream(config: StreamConfig, open: DisposableStack): OpenStream {
  const { name, place, filters, exclude } = config;
  const file = newestFileOf(place, name);
  const reader = file === null ? null : openReader(file);
  if (reader !== null) open.use(reader);
  const takes = (topic: string): boolean =>
    filters.some((filter) => matchesFilter(filter, topic)) &&
    !exclude.some((filter) => matchesFilter(filter, topic));
  return { stream: name, ledger: reader?.ledger ?? null, takes };
}

/** Why there is no announcement to set beside the ledger. */
function doubtOf(name: string, { found }: Announcements, inLedger: ReadonlySet<string>): Doubt {
  if (!found.has(name))
    return unjudged(`the broker keeps no announcement on weir/publisher/${name}`);
  const reason = "its announcement cannot be read";
  return inLedger.has(name) ? unjudged(reason) : unsupported(reason);
}

function hintsOf({ found, ignored }: Announcements, inLedger: ReadonlySet<string>): string[] {
  if (found.size + ignored + inLedger.size === 0)
    return ["There are no publishers with an outbox: neither the ledger nor the broker knows any."];
  if (inLedger.size > 0 && found.size === 0)
    return [
      "The broker keeps no announcement at all: does BROKER name the one that the publishers are connected to?",
    ];
  if (found.size > 0 && [...found.keys()].every((name) => !inLedger.has(name)))
    return [
      "No publisher that announces itself is in the ledger: do DB_FILE and BROKER belong together?",
    ];
  return [];
}
