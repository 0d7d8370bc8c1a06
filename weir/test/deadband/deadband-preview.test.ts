import { describe, expect, jest, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import {
  openTestStore,
  rowOf,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { startHere, startProcess } from "../fixture.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const run = (folder: TemporaryFolder, ...argv: string[]) =>
  startProcess(["deadband-preview", ...argv], {
    cwd: folder.path,
    env: { DB_FILE: folder.file("weir.db") },
  }).ended;

/** States of a device whose value goes up by one each second. */
function record(folder: TemporaryFolder, count: number): void {
  using store = openTestStore(folder.file("weir.db"));
  const rows = Array.from({ length: count }, (_, index) => {
    const receivedUs = START_US + index * 1_000_000;
    const payload = JSON.stringify({ data: { walk: index }, time: receivedUs / 1_000 });
    return { ...rowOf(payload, receivedUs), topic: "devices/kitchen/state" };
  });
  for (let from = 0; from < count; from += 10_000) store.append(rows.slice(from, from + 10_000));
}

/** A monotonic clock that calls back at its nth reading. */
function timesUntil(nth: number, callBack: () => void): () => number {
  let readings = 0;
  return () => {
    readings += 1;
    if (readings === nth) callBack();
    return systemClock.monotonic();
  };
}

const PLACE = ["--stream", "data"];

describe("weir deadband-preview", () => {
  test("shows what a deadband would have saved, and its price", async () => {
    using folder = temporaryFolder();
    record(folder, 3_000);
    const { out, err, code } = await run(folder, ...PLACE, "--deadband", "9");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/kitchen │ walk +│ +3,000 │ +300 │ 90\.0 % │ +4\.5 │ +9 │ +5\.34 │/);
  });

  test("respects the given time, and the longest silence", async () => {
    using folder = temporaryFolder();
    record(folder, 100);
    const span = ["--from", "2026-01-01T00:00:10Z", "--to", "2026-01-01T00:00:50Z"];
    const { out } = await run(
      folder,
      ...PLACE,
      ...span,
      "--deadband",
      "99",
      "--max-silence",
      "20s",
    );
    expect(out).toMatch(/walk +│ +40 │ +2 │/);
  });

  test("says what there is not: a recording, a device, an option", async () => {
    using folder = temporaryFolder();
    expect(await run(folder, ...PLACE)).toMatchObject({
      code: 69,
      err: expect.stringContaining("nothing of data is recorded"),
    });
    record(folder, 1);
    expect(await run(folder, ...PLACE, "--device", "kitchn")).toMatchObject({
      code: 69,
      err: expect.stringContaining('no state of the device "kitchn"'),
      out: "",
    });
    expect(await run(folder, ...PLACE, "--relative", "5")).toMatchObject({
      code: 78,
      err: expect.stringMatching(/^weir deadband-preview: --relative: "5" is not allowed\n.*5%/),
    });
  });

  test("ends between two pages when it is to stop, with what there is so far", async () => {
    using folder = temporaryFolder();
    record(folder, 3_000);
    const stopping = new AbortController();
    const { ended } = startHere(["deadband-preview", ...PLACE, "--deadband", "9"], {
      environment: { DB_FILE: folder.file("weir.db") },
      // Progress asks the time once for each page, and once at the start.
      clock: { ...systemClock, monotonic: timesUntil(3, () => stopping.abort("SIGINT")) },
      signal: stopping.signal,
      isTTY: true,
    });
    const { code, out, err } = await ended;
    const messages = Number(/stopped after ([\d,]+) messages/.exec(err)?.[1]?.replace(",", ""));
    expect(code).toBe(130);
    // A page has 1,000 rows, or fewer where the machine is slow.
    expect(messages).toBeGreaterThan(0);
    expect(messages).toBeLessThanOrEqual(2_000);
    const [samples, reported] = [messages, Math.ceil(messages / 10)].map((n) =>
      n.toLocaleString("en-US"),
    );
    expect(out).toMatch(new RegExp(`walk +│ +${samples} │ +${reported} │`));
  });

  test("explains itself", async () => {
    using folder = temporaryFolder();
    const { code, out } = await run(folder, "--help");
    expect(code).toBe(0);
    expect(out).toContain("--max-silence <span>");
  });
});
