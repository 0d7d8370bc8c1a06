import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { Clock } from "@weir/runtime";
import {
  connectTestClient,
  createFakeClock,
  eventually,
  openTestStore,
  readingAt,
  temporaryFolder,
} from "@weir/testkit";
import { startHere } from "./fixture.ts";

const AT = 1_767_225_600;

/** A publication of one value in the last minute. */
function statisticsOf(value: number): string {
  const windowDetail = { count: 1, min: value, max: value, ageSeconds: 0 };
  return JSON.stringify({
    ...{ avg_1min: value, avg_5min: value, avg_30min: value, at: AT, throughId: 1, lagRows: 0 },
    windows: { "1min": windowDetail, "5min": windowDetail, "30min": windowDetail },
  });
}

describe("weir verify-stats", () => {
  test.each([
    [42, 0, "equal"],
    [43, 1, "DIFFERENT"],
  ])("compares a published %d with the stored 42: exit code %d", async (value, expected, word) => {
    using folder = temporaryFolder();
    await using broker = await startBroker({ host: "127.0.0.1", port: 0 });
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append([readingAt(AT * 1_000_000, 42)]);
    }
    await using client = await connectTestClient(broker.port);
    let isOver = false;
    const ended = startHere(["verify-stats"], {
      environment: {
        ...{ DB_FILE: folder.file("weir.db"), BROKER: `127.0.0.1:${broker.port}` },
        STATS_SERIES_STREAM: "",
      },
    }).ended.finally(() => {
      isOver = true;
    });
    // It may subscribe after the first publication.
    await eventually(async () => {
      await client.publish("STATS", statisticsOf(value), { qos: 1 });
      return isOver;
    });
    const { code, out, err } = await ended;
    expect({ code, err }).toEqual({ code: expected, err: "" });
    expect(out).toContain(`published ${value} over 1`);
    expect(out.trimEnd()).toMatch(new RegExp(`${word}$`));
  });

  test("needs a device and an attribute together", async () => {
    const { code, err } = await startHere(["verify-stats", "--device", "kitchen"]).ended;
    expect({ code, err }).toEqual({ code: 78, err: expect.stringContaining('--attribute: ""') });
  });

  test("ends with 69 when there is no store", async () => {
    using folder = temporaryFolder();
    const environment = { DB_FILE: folder.file("weir.db"), STATS_SERIES_STREAM: "" };
    const { code, err } = await startHere(["verify-stats"], { environment }).ended;
    expect({ code, err }).toEqual({ code: 69, err: expect.stringContaining("there is no store") });
  });

  test("--all ends although a device invents series for ever", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker({ host: "127.0.0.1", port: 0 });
    openTestStore(folder.file("weir.db"))[Symbol.dispose]();
    await using client = await connectTestClient(broker.port);
    const clock = createFakeClock();
    let isOver = false;
    let isReceiving = false;
    const schedule: Clock["schedule"] = (delayMs, task) => {
      // So long it waits for another series, once there is one.
      isReceiving ||= delayMs === 15_000;
      return clock.schedule(delayMs, task);
    };
    const ended = startHere(["verify-stats", "--all"], {
      environment: { DB_FILE: folder.file("weir.db"), BROKER: `127.0.0.1:${broker.port}` },
      clock: { ...clock, schedule },
    }).ended.finally(() => {
      isOver = true;
    });
    let series = 0;
    await eventually(async () => {
      series += 1;
      if (isReceiving) clock.advance(5_000);
      await client.publish(`STATS/kitchen/invented${series}`, statisticsOf(1), { qos: 1 });
      return isOver;
    });
    const { code, out } = await ended;
    expect(code).toBe(1);
    expect(out).toMatch(/series compared: \d+ differ/);
  });
});
