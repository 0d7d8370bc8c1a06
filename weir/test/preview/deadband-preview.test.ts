import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, jest, test } from "@jest/globals";
import {
  NOTHING_CONFIGURED,
  openTestStore,
  rowOf,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { previewForm } from "../../src/deadband-preview.ts";
import { previewDeadbands } from "../../src/preview.ts";
import { readRequest } from "../../src/selection.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const AGENT = fileURLToPath(new URL("../../../services/device-agent/src/main.ts", import.meta.url));

async function run(folder: TemporaryFolder, ...argv: string[]) {
  // Nothing of the machine's own configuration: there is no .env and no weir.yaml in this folder.
  const child = spawn(process.execPath, [AGENT, "deadband-preview", ...argv], {
    cwd: folder.path,
    env: { DB_FILE: folder.file("weir.db") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { stdout, stderr, code };
}

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

const PLACE = ["--stream", "data"];

describe("npm run agent -- deadband-preview", () => {
  test("tells what a deadband would have saved, and its price", async () => {
    using folder = temporaryFolder();
    record(folder, 3_000);
    const { stdout, stderr, code } = await run(folder, ...PLACE, "--deadband", "9");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/kitchen │ walk +│ +3,000 │ +300 │ 90\.0 % │ +4\.5 │ +9 │ +5\.34 │/);
  });

  test("heeds the time that is asked for, and the longest silence", async () => {
    using folder = temporaryFolder();
    record(folder, 100);
    const span = ["--from", "2026-01-01T00:00:10Z", "--to", "2026-01-01T00:00:50Z"];
    const { stdout } = await run(
      folder,
      ...PLACE,
      ...span,
      "--deadband",
      "99",
      "--max-silence",
      "20s",
    );
    expect(stdout).toMatch(/walk +│ +40 │ +2 │/);
  });

  test("says what there is not: a recording, a device, an option", async () => {
    using folder = temporaryFolder();
    expect(await run(folder, ...PLACE)).toMatchObject({
      code: 69,
      stderr: expect.stringContaining("nothing of data is recorded"),
    });
    record(folder, 1);
    expect(await run(folder, ...PLACE, "--device", "kitchn")).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('no state of the device "kitchn"'),
      stdout: "",
    });
    expect(await run(folder, ...PLACE, "--relative", "5")).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/^deadband-preview: --relative: "5" is not allowed\n.*5%/),
    });
  });

  test("ends between two pages when it is to stop, with what there is so far", async () => {
    using folder = temporaryFolder();
    record(folder, 3_000);
    const environment = { DB_FILE: folder.file("weir.db"), WEIR_FILE: NOTHING_CONFIGURED };
    const request = readRequest(previewForm, [...PLACE, "--deadband", "9"], {
      environment,
      nowUs: Date.now() * 1e3,
    });
    if (request === "help") throw new Error("nobody asked for help");
    let pages = 0;
    const preview = await previewDeadbands(request, {
      onProgress: () => {
        pages += 1;
      },
      onSkipped: () => {},
      isStopped: () => pages === 2,
    });
    // A page has 1,000 rows, or fewer where the machine is slow.
    const { isStopped, messages, devices } = preview;
    expect({ isStopped, pages }).toEqual({ isStopped: true, pages: 2 });
    expect(messages).toBeGreaterThan(0);
    expect(messages).toBeLessThanOrEqual(2_000);
    expect(devices[0]?.series[0]?.tallies[0]).toMatchObject({
      samples: messages,
      reported: Math.ceil(messages / 10),
    });
  });

  test("explains itself", async () => {
    using folder = temporaryFolder();
    const { code, stdout } = await run(folder, "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("--max-silence SPAN");
  });
});
