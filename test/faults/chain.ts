import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { holdsWithin } from "@weir/testkit";
import { type BrokerProcess, createBrokerProcess, createPart, type Part } from "./processes.ts";
import type { Run, Verdict } from "./scenario.ts";
import { type StoreFiles, startVerifier, type Verifier } from "./verifier.ts";

/** publisher -> broker -> logger -> store <- stats, each a separate process. */
export interface Chain extends AsyncDisposable {
  broker: BrokerProcess;
  publisher: Part;
  logger: Part;
  stats: Part;
  verifier: Verifier;
  files: { journal: string; outbox: string; store: string };
  /** One more logger, not started yet. */
  anotherLogger(name: string, environment: Readonly<Record<string, string>>): Part;
  /** Resolves when a row comes into the store; false when none does for a while. */
  flows(): Promise<boolean>;
  /** Ends creating, waits until the outbox is empty, stops all and counts. */
  settle(): Promise<Omit<Verdict, "cycles">>;
}

type PartName = "publisher" | "logger" | "stats";

export interface ChainOptions {
  /** Messages a second. */
  rate?: number;
  /** Lines of mosquitto.conf. */
  brokerConfiguration?: readonly string[];
  /** A broker that runs already. */
  broker?: BrokerProcess;
  /** Where each part finds the broker, when that is not the broker itself. */
  portFor?: (part: PartName) => number;
  loggerEnvironment?: Readonly<Record<string, string>>;
  statsEnvironment?: Readonly<Record<string, string>>;
  publisherEnvironment?: Readonly<Record<string, string>>;
  /** Where store and outbox are, when that is not the scenario's own folder. */
  folders?: { store: string; outbox: string };
  /** Whether parts may end by themselves, as the scenario provokes it. */
  mayEnd?: boolean;
  /** The stores, when there are several in the end. */
  stores?: () => StoreFiles[];
  /** The stream's segments, when the store is not one file. */
  segments?: () => string[];
}

const EMPTY_WITHIN_MS = 60_000;
const FLOWS_WITHIN_MS = 30_000;
/** Longer than the chain usually takes to start: a machine on which it takes longer gets more time for all. */
const USUAL_START_MS = 5_000;
const STARTS_WITHIN_MS = 120_000;
/** The journal has ended when it has not grown for so long. */
const QUIET_MS = 300;

const mainOf = (service: string): string =>
  fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url));
const PUBLISHER_MAIN = fileURLToPath(new URL("./journalled-publisher.ts", import.meta.url));

/** Starts the chain; resolves when messages flow. */
export async function startChain(run: Run, options: ChainOptions = {}): Promise<Chain> {
  const { folder, signal } = run;
  await using opening = new AsyncDisposableStack();
  const broker = options.broker ?? opening.use(await createBroker(run, options));
  const folders = options.folders ?? { store: folder, outbox: folder };
  const files = {
    journal: `${folder}/journal.txt`,
    outbox: `${folders.outbox}/outbox.db`,
    store: `${folders.store}/weir.db`,
  };
  const brokerFor = (part: PartName): string =>
    `127.0.0.1:${options.portFor?.(part) ?? broker.port}`;
  const service = (
    of: "logger" | "stats",
    environment: Readonly<Record<string, string>>,
    name: string = of,
  ) =>
    createPart({
      name,
      main: mainOf(of),
      folder,
      environment: {
        BROKER: brokerFor(of),
        DB_FILE: files.store,
        [`${of.toUpperCase()}_HTTP_PORT`]: "0",
        ...environment,
      },
    });
  const logger = opening.use(
    service("logger", { LOGGER_RETENTION_MINUTES: "1440", ...options.loggerEnvironment }),
  );
  const stats = opening.use(service("stats", { ...options.statsEnvironment }));
  const publisher = opening.use(
    createPart({
      name: "publisher",
      main: PUBLISHER_MAIN,
      folder,
      environment: {
        BROKER: brokerFor("publisher"),
        FAULTS_PUBLISHER: "faults",
        FAULTS_OUTBOX: files.outbox,
        FAULTS_JOURNAL: files.journal,
        FAULTS_RATE: String(options.rate ?? 300),
        ...options.publisherEnvironment,
      },
    }),
  );
  const verifier = opening.use(startVerifier());
  const parts = [publisher, logger, stats];

  let slowness = 1;
  const newest = (): Promise<number> =>
    verifier.newestId(options.segments?.().at(-1) ?? files.store);

  async function flows(withinMs = slowness * FLOWS_WITHIN_MS): Promise<boolean> {
    let before = await newest();
    const hasGrown = async (): Promise<boolean> => {
      const now = await newest();
      // A new store begins at 1 again.
      before = Math.min(before, now);
      return now > before;
    };
    return await holdsWithin(withinMs, hasGrown, signal);
  }

  async function isDrained(): Promise<boolean> {
    let lastSize = -1;
    let quietSinceMs = performance.now();
    const isEmptyAndQuiet = async (): Promise<boolean> => {
      // A publisher that has just been started again has not received it yet.
      publisher.send("create no more");
      const size = existsSync(files.journal) ? statSync(files.journal).size : 0;
      if (size !== lastSize) quietSinceMs = performance.now();
      lastSize = size;
      const isQuiet = performance.now() - quietSinceMs > QUIET_MS;
      return isQuiet && (await verifier.waiting(files.outbox)) === 0;
    };
    return await holdsWithin(slowness * EMPTY_WITHIN_MS, isEmptyAndQuiet, signal);
  }

  if (options.broker === undefined) await broker.start();
  const startedAtMs = performance.now();
  for (const part of parts) part.start();
  if (!(await flows(STARTS_WITHIN_MS))) {
    throw new Error(`nothing flows at all:\n${parts.map((part) => part.log()).join("\n")}`);
  }
  slowness = Math.max(1, (performance.now() - startedAtMs) / USUAL_START_MS);

  const opened = opening.move();
  return {
    broker,
    publisher,
    logger,
    stats,
    verifier,
    files,
    anotherLogger: (name, environment) => service("logger", environment, name),
    flows: () => flows(),
    settle: async () => {
      const startedAtMs = performance.now();
      const drained = await isDrained();
      const recoveryMs = performance.now() - startedAtMs;
      const left = await verifier.waiting(files.outbox);
      await publisher.kill();
      const codes = [await logger.stop(), await stats.stop()];

      const wholeFiles = options.segments?.() ?? [files.store];
      const stores = options.stores?.() ?? [wholeFiles];
      const { counts, problems } = await verifier.verify({ ...files, stores, wholeFiles });
      const ownEnds = parts.flatMap((part) => part.ownEnds);
      if (!drained) {
        const withinSeconds = Math.round((slowness * EMPTY_WITHIN_MS) / 1_000);
        problems.push(`the outbox still holds ${left} after ${withinSeconds} s`);
      }
      if (codes.some((code) => code !== 0)) {
        problems.push(`logger and stats stopped with ${codes.join(" and ")}`);
      }
      if (options.mayEnd !== true) problems.push(...ownEnds);
      const notes = options.mayEnd === true && ownEnds.length > 0 ? summarize(ownEnds) : [];
      return { counts, recoveryMs, problems, notes };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function createBroker(run: Run, options: ChainOptions): Promise<BrokerProcess> {
  return await createBrokerProcess({
    kind: run.brokerKind,
    folder: run.folder,
    configuration: options.brokerConfiguration ?? [],
  });
}

function summarize(texts: readonly string[]): string[] {
  return [...new Set(texts)].map(
    (text) => `${text} (${texts.filter((other) => other === text).length} times)`,
  );
}
