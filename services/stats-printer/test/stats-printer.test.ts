import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connectTestClient, createFakeClock, createTestContext, eventually } from "@weir/testkit";
import { readStatsPrinterConfig } from "../src/config.ts";
import { startStatsPrinter } from "../src/stats-printer.ts";

const AT_SECONDS = 1_767_225_600;
const RETAINED = { qos: 1, retain: true } as const;

function statisticsAt(at: number): string {
  const detail = { count: 1, min: 5, max: 5, ageSeconds: 0 };
  const windows = { "1min": detail, "5min": detail, "30min": detail };
  return JSON.stringify({
    avg_1min: 5,
    avg_5min: 5,
    avg_30min: 5,
    at,
    throughId: 1,
    lagRows: 0,
    windows,
  });
}

function startPrinter(port: number) {
  const clock = createFakeClock(AT_SECONDS * 1_000);
  const config = readStatsPrinterConfig({
    BROKER: `127.0.0.1:${port}`,
    STATS_PRINTER_FORMAT: "json",
  });
  const printed: string[] = [];
  const printer = startStatsPrinter(config, createTestContext(clock), {
    isTerminal: false,
    write: ({ text }) => printed.push(text),
  });
  return { clock, printed, printer };
}

describe("the printer", () => {
  test("prints the retained statistics when it connects, and each update", async () => {
    await using broker = await startBroker();
    await using stats = await connectTestClient(broker.port);
    await stats.publish("STATS", statisticsAt(AT_SECONDS - 1), RETAINED);
    const { printed, printer } = startPrinter(broker.port);
    await using _printer = printer;
    await eventually(() => printed.length === 1);
    await stats.publish("STATS", statisticsAt(AT_SECONDS), RETAINED);
    await eventually(() => printed.length === 2);
  });

  test("shows once that statistics are stale: after three slow ticks without any", async () => {
    await using broker = await startBroker();
    await using stats = await connectTestClient(broker.port);
    const { clock, printed, printer } = startPrinter(broker.port);
    await using _printer = printer;
    await stats.publish("STATS", statisticsAt(AT_SECONDS), RETAINED);
    await eventually(() => printed.length === 1);
    clock.advance(30_000);
    expect(printed).toHaveLength(1);
    clock.advance(60_000);
    expect(printed.slice(1)).toEqual(["null\n"]);
  });

  test("does not take old retained statistics for live ones", async () => {
    await using broker = await startBroker();
    await using stats = await connectTestClient(broker.port);
    await stats.publish("STATS", statisticsAt(AT_SECONDS - 3_600), RETAINED);
    const { printed, printer } = startPrinter(broker.port);
    await using _printer = printer;
    await stats.publish("STATS", statisticsAt(AT_SECONDS), RETAINED);
    await eventually(() => printed.length > 0);
    expect(printed[0]).toContain(`"at":${AT_SECONDS}`);
  });

  test("skips messages that are not statistics", async () => {
    await using broker = await startBroker();
    await using stats = await connectTestClient(broker.port);
    const { printed, printer } = startPrinter(broker.port);
    await using _printer = printer;
    await stats.publish("STATS", "rubbish", RETAINED);
    await stats.publish("STATS", statisticsAt(AT_SECONDS), RETAINED);
    await eventually(() => printed.length > 0);
    expect(printed).toHaveLength(1);
  });
});
