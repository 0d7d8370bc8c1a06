import { randomUUID } from "node:crypto";
import { createReconnectingClient, type InboundMessage } from "@weir/mqtt";
import { type Flow, parseStatistics, type Statistics } from "@weir/protocol";
import { print, type ServiceContext, type ServiceDefinition, watchBroker } from "@weir/runtime";
import { readStatsPrinterConfig, type StatsPrinterConfig, statsPrinterSettings } from "./config.ts";
import { createOutput, type Shown } from "./output.ts";

export const flow: Flow = { subscribes: ["STATS"], publishes: [] };

export const statsPrinter: ServiceDefinition<StatsPrinterConfig> = {
  name: "stats-printer",
  summary: "prints the statistics as a table.",
  settings: statsPrinterSettings,
  options: { format: "STATS_PRINTER_FORMAT", "http-port": "STATS_PRINTER_HTTP_PORT" },
  readConfig: readStatsPrinterConfig,
  start: (config, context) => {
    // The reader of the table has ended (weir print | head, a closed terminal).
    process.stdout.once("error", () => process.exit(0));
    return startStatsPrinter(config, context, {
      isTerminal: process.stdout.isTTY === true,
      // The text holds numbers and words of ours only, so no publisher controls the terminal.
      write: ({ text, control = "" }) => print(text, { control }),
      // The shell sends it at fg after Ctrl-Z, and npm start after it has written to the terminal.
      onInterrupted: (listener) => process.on("SIGCONT", listener),
    });
  },
};

/** Where the printer prints: standard output, or that of a test. */
export interface Console {
  isTerminal: boolean;
  write: (shown: Shown) => void;
  /** Calls back when another program may have written there. */
  onInterrupted?: (listener: () => void) => void;
}

const STALE_CHECK_MS = 1_000;

/** Prints each publication of statistics, and once a line of `-` when none has come for too long. */
export function startStatsPrinter(
  config: StatsPrinterConfig,
  context: ServiceContext,
  console: Console,
): AsyncDisposable {
  const opened = new AsyncDisposableStack();
  const { clock, logger } = context;
  const output = createOutput(config.format, console.isTerminal);
  let newest: Statistics | null = null;
  let isShownStale = true;
  let isInterrupted = false;

  function show(statistics: Statistics | null): void {
    const updatedAt = newest === null ? null : new Date(newest.at * 1_000);
    console.write(output({ statistics, updatedAt, isInterrupted }));
    isInterrupted = false;
    isShownStale = statistics === null;
  }

  function isStale({ at }: Statistics): boolean {
    return clock.now() / 1_000 - at > config.staleAfterSeconds;
  }

  function receive({ topic, payload }: InboundMessage): void {
    const statistics = parseStatistics(payload);
    if (statistics === null) {
      logger.warn(
        { bytes: payload.length },
        `a message on ${topic} is not statistics; it is not shown`,
      );
      return;
    }
    newest = statistics;
    if (!isStale(statistics)) show(statistics);
    else if (!isShownStale) show(null);
  }

  const client = opened.use(
    createReconnectingClient({
      broker: config.broker,
      clientId: `weir-stats-printer-${randomUUID()}`,
      session: { kind: "clean" },
      subscriptions: [{ filter: config.topic, qos: 1 }],
      onMessage: receive,
      ...watchBroker(context),
      clock,
      logger,
    }),
  );
  opened.use(
    clock.repeat(STALE_CHECK_MS, () => {
      if (newest !== null && !isShownStale && isStale(newest)) show(null);
    }),
  );
  console.onInterrupted?.(() => {
    isInterrupted = true;
  });
  // On a terminal the empty table shows that the printer waits; elsewhere a line means an update.
  if (console.isTerminal && config.format === "table") show(null);
  client.start();
  return opened;
}
