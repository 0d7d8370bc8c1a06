import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, jest, test } from "@jest/globals";
import { openTestStore, rowOf, START_US, temporaryFolder } from "@weir/testkit";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const COMMAND = fileURLToPath(new URL("../src/export.ts", import.meta.url));

interface Place {
  file: string;
  cwd: string;
}

function start({ file, cwd }: Place, argv: readonly string[]): ChildProcess {
  // Nothing of the machine's own configuration: there is no .env and no weir.yaml in this folder.
  return spawn(process.execPath, [COMMAND, ...argv], { cwd, env: { DB_FILE: file } });
}

async function run(place: Place, ...argv: string[]) {
  const child = start(place, ["--stream", "data", ...argv]);
  const [stdout, stderr, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { stdout, stderr, code };
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? "" : await text(stream);
}

/** A store with the payloads 1 to `count`, a microsecond apart. */
function fill(file: string, count: number): void {
  using store = openTestStore(file);
  const rows = Array.from({ length: count }, (_, index) =>
    rowOf(String(index + 1), START_US + index),
  );
  for (let from = 0; from < count; from += 10_000) store.append(rows.slice(from, from + 10_000));
}

function payloads(csv: string): string[] {
  return csv
    .split("\r\n")
    .slice(0, -1)
    .map((line) => line.split(",")[3] ?? "");
}

describe("npm run export", () => {
  test("writes a stream to standard output, and nothing else anywhere", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    fill(place.file, 2_500);
    const { stdout, stderr, code } = await run(place);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(payloads(stdout)).toEqual([
      "payload",
      ...Array.from({ length: 2_500 }, (_, index) => String(index + 1)),
    ]);
  });

  test("goes on with the cursor that it prints when there may be more, into the same file", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    fill(place.file, 5);
    const output = folder.file("out.csv");
    const first = await run(place, "--limit", "3", "--output", output);
    const [, cursor = ""] = /--cursor (\S+)/.exec(first.stderr) ?? [];
    expect(cursor).toBe("weir.db:3");
    const second = await run(place, "--cursor", cursor, "--output", output);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(payloads(readFileSync(output, "utf8"))).toEqual(["payload", "1", "2", "3", "4", "5"]);
  });

  test("never writes over a file", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    fill(place.file, 1);
    const before = readFileSync(place.file);
    const output = folder.file("out.csv");
    expect(await run(place, "--output", output)).toMatchObject({ code: 0 });
    expect(await run(place, "--output", output)).toMatchObject({
      code: 78,
      stderr: expect.stringContaining("is there already"),
    });
    for (const cursor of [[], ["--cursor", "weir.db:1"]]) {
      expect(await run(place, "--output", place.file, ...cursor)).toMatchObject({
        code: 78,
        stderr: expect.stringContaining("a path outside of the store"),
      });
    }
    expect(readFileSync(place.file).equals(before)).toBe(true);
  });

  test("ends without a word when its reader has enough", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    fill(place.file, 50_000);
    const child = start(place, ["--stream", "data"]);
    const stderr = textOf(child.stderr);
    child.stdout?.once("data", () => child.stdout?.destroy());
    const [code] = (await once(child, "close")) as [number];
    expect({ code, stderr: await stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("ends with whole lines and a cursor on Ctrl-C, and loses nothing when it goes on", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    fill(place.file, 50_000);
    const child = start(place, ["--stream", "data"]);
    const stderr = textOf(child.stderr);
    // Nobody reads on, so that it has to wait: the signal comes in the middle.
    await once(child.stdout ?? child, "readable");
    child.kill("SIGINT");
    const [stdout, [code]] = await Promise.all([
      textOf(child.stdout),
      once(child, "close") as Promise<[number]>,
    ]);
    const cursor = /--cursor (\S+)/.exec(await stderr)?.[1] ?? "";
    const begun = payloads(stdout).slice(1);
    expect(code).toBe(130);
    expect(cursor).toBe(`weir.db:${begun.length}`);
    const rest = await run(place, "--cursor", cursor);
    expect([...begun, ...payloads(rest.stdout)].length).toBe(50_000);
  });

  test("says what it has not got: a stream, a recording, an output folder", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    expect(await run(place)).toMatchObject({
      code: 69,
      stderr: expect.stringContaining(place.file),
    });
    fill(place.file, 1);
    expect(await run(place, "--stream", "nobody")).toMatchObject({
      code: 78,
      stderr: expect.stringContaining("data, devices"),
    });
    const nowhere = folder.file("none/out.csv");
    expect(await run(place, "--output", nowhere)).toMatchObject({ code: 73 });
    expect(existsSync(nowhere)).toBe(false);
  });

  test("explains itself", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    const { code, stdout } = await run(place, "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("--cursor PLACE");
  });
});
