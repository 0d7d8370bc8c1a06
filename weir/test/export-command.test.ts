import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describe, expect, jest, test } from "@jest/globals";
import { openTestStore, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import { startProcess, WEIR } from "./fixture.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

interface Place {
  file: string;
  cwd: string;
}

const start = ({ file, cwd }: Place, argv: readonly string[]) =>
  startProcess(["export", "--stream", "data", ...argv], { cwd, env: { DB_FILE: file } });

const run = (place: Place, ...argv: string[]) => start(place, argv).ended;

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

describe("weir export", () => {
  test("writes a stream to standard output, and nothing else anywhere", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    fill(place.file, 2_500);
    const { out, err, code } = await run(place);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(payloads(out)).toEqual([
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
    const [, cursor = ""] = /--cursor (\S+)/.exec(first.err) ?? [];
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
      err: expect.stringContaining("is there already"),
    });
    for (const cursor of [[], ["--cursor", "weir.db:1"]]) {
      expect(await run(place, "--output", place.file, ...cursor)).toMatchObject({
        code: 78,
        err: expect.stringContaining("a path outside of the store"),
      });
    }
    expect(readFileSync(place.file).equals(before)).toBe(true);
  });

  test("ends without a word when its reader has enough", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    fill(place.file, 50_000);
    const child = spawn(process.execPath, [WEIR, "export", "--stream", "data"], {
      cwd: place.cwd,
      env: { DB_FILE: place.file },
    });
    const err = text(child.stderr);
    child.stdout.once("data", () => child.stdout.destroy());
    const [code] = (await once(child, "close")) as [number];
    expect({ code, err: await err }).toEqual({ code: 0, err: "" });
  });

  test("ends with whole lines and a cursor on Ctrl-C, and loses nothing when it goes on", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    fill(place.file, 50_000);
    const { child, ended } = start(place, []);
    // The signal comes in the middle: its first lines are here, and the rest is more than a pipe holds.
    child.stdout.once("data", () => child.kill("SIGINT"));
    const { code, out, err } = await ended;
    const cursor = /--cursor (\S+)/.exec(err)?.[1] ?? "";
    const begun = payloads(out).slice(1);
    expect(code).toBe(130);
    expect(cursor).toBe(`weir.db:${begun.length}`);
    const rest = await run(place, "--cursor", cursor);
    expect([...begun, ...payloads(rest.out)].length).toBe(50_000);
  });

  test("says what it has not got: a stream, a recording, an output folder", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    expect(await run(place)).toMatchObject({
      code: 69,
      err: expect.stringContaining(place.file),
    });
    fill(place.file, 1);
    expect(await run(place, "--stream", "absent")).toMatchObject({
      code: 78,
      err: expect.stringContaining("data, devices"),
    });
    const nowhere = folder.file("none/out.csv");
    expect(await run(place, "--output", nowhere)).toMatchObject({
      code: 73,
      err: expect.stringContaining("in Compose exports/<file>"),
    });
    expect(existsSync(nowhere)).toBe(false);
  });

  test("explains itself", async () => {
    using folder = temporaryFolder();
    const place = { file: folder.file("weir.db"), cwd: folder.path };
    const { code, out } = await run(place, "--help");
    expect(code).toBe(0);
    expect(out).toContain("--cursor <place>");
  });
});
