// How long the logger's event loop stands still while topics come that are all new, beside as many messages
// of one topic: from a stand-in for a broker, as fast as they are acknowledged, with synchronous=FULL.
//
//   npm run bench:topics [messages]
import { loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { readLoggerConfig } from "@weir/logger/config";
import { startLogger } from "@weir/logger/logger";
import { createTestContext, NOTHING_CONFIGURED, temporaryFolder } from "@weir/testkit";
import { startStandIn } from "./logger/load.ts";
import { countArgument, createTable, printResults } from "./output.ts";

/** What is encoded and sent in one go. */
const PART = 50_000;
const WINDOW = 60_000;
/** How often the delay is looked at; it adds to what is measured. */
const RESOLUTION_MS = 10;

/** The delays are those of the worst part. */
interface Measured {
  perSecond: number;
  p99Ms: number;
  maxMs: number;
}

/** @param topicOf the topic of a message; all have the same length. */
async function measure(messages: number, topicOf: (index: number) => string): Promise<Measured> {
  using folder = temporaryFolder();
  await using standIn = await startStandIn();
  const config = readLoggerConfig({
    BROKER: `127.0.0.1:${standIn.port}`,
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: NOTHING_CONFIGURED,
  });
  await using _logger = await startLogger(config, createTestContext());
  await standIn.subscribed();
  let tookMs = 0;
  let p99Ms = 0;
  let maxMs = 0;
  for (let from = 0; from < messages; from += PART) {
    const count = Math.min(PART, messages - from);
    const all = Array.from({ length: count }, (_, index) => topicOf(from + index));
    const pace = { kind: "saturation", window: WINDOW } as const;
    await standIn.prepare({ count, qos: 1, topics: [...new Set(all)], pace });
    // Making the load is not what is measured: one that is enabled again would count the time between.
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delay.enable();
    const { firstMs, lastMs } = await standIn.send();
    delay.disable();
    tookMs += lastMs - firstMs;
    p99Ms = Math.max(p99Ms, delay.percentile(99) / 1e6 - RESOLUTION_MS);
    maxMs = Math.max(maxMs, delay.max / 1e6 - RESOLUTION_MS);
  }
  return { perSecond: (messages / tookMs) * 1_000, p99Ms, maxMs };
}

const messages = countArgument("topics [messages]", { standard: 1_000_000, max: 100_000_000 });
const loadAtStart = loadavg()[0] ?? 0;
const digits = String(messages).length;
const pad = (index: number): string => String(index).padStart(digits, "0");

const table = createTable("topics", "messages/s", "loop's delay, p99 ms", "max ms");
for (const [name, topicOf] of [
  ["one", () => pad(0)],
  // In no order: each takes another place in the index.
  ["all new", (index: number) => pad((index * 7_919) % messages)],
] as const) {
  const { perSecond, p99Ms, maxMs } = await measure(
    messages,
    (index) => `devices/stranger-${topicOf(index)}/state`,
  );
  const rate = Math.round(perSecond).toLocaleString("en");
  table.push([name, rate, p99Ms.toFixed(0), maxMs.toFixed(0)]);
}
printResults(`${messages} messages each, load of the machine ${loadAtStart.toFixed(1)}`, table);
