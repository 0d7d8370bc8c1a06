import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { canMountSmallDisk, mountSmallDisk, temporaryFolder } from "@weir/testkit";
import { createLogRelay, openLogFile } from "../src/log.ts";

const fatal = { level: 60, time: "2026-01-01T10:20:30.400Z", name: "logger", msg: "disk full" };

/** What a terminal shows of a log, and what its file holds. */
async function relay(lines: readonly (object | string)[], isVerbose = false) {
  using folder = temporaryFolder();
  const shown: string[] = [];
  const terminal = {
    say: (text: string) => void shown.push(`weir: ${text}`),
    write: (text: string) => void shown.push(text),
  };
  using file = openLogFile({ folder: folder.path, name: "logger", onFault: terminal.say });
  const log = createLogRelay({ name: "logger", file, terminal, isVerbose });
  const texts = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  await log.relay(Readable.from([texts.join("\n")]));
  return {
    shown,
    plain: log.plainText(),
    stored: readFileSync(file.path, "utf8"),
    path: file.path,
  };
}

describe("the log of a process", () => {
  test("reaches the terminal as a sentence with its remedy when it is urgent", async () => {
    const info = { ...fatal, level: 30, msg: "started" };
    const { shown, stored } = await relay([info, { ...fatal, remedy: "Free some space." }]);
    expect(shown).toEqual(["weir: logger: disk full. Free some space."]);
    expect(stored.split("\n")).toHaveLength(3);
  });

  test("names its file where there is no remedy, and is shown once when it repeats itself", async () => {
    const { shown, path } = await relay([fatal, fatal, fatal]);
    expect(shown).toEqual([`weir: logger: disk full. Its log is ${path}.`]);
  });

  test("keeps lines that are no log, and shows none of them", async () => {
    const { shown, plain, stored } = await relay(["Error: boom", "    at here", "[1]", "{}"]);
    expect(shown).toEqual([]);
    expect(plain).toBe("Error: boom\n    at here\n[1]\n{}");
    expect(stored).toBe(`${plain}\n`);
  });

  test("is readable as a whole with --verbose, without stacks", async () => {
    const { shown } = await relay([{ ...fatal, rows: 3, err: { stack: "Error\n at" } }], true);
    expect(shown).toEqual(['10:20:30.400 logger        fatal disk full {"rows":3}']);
  });

  test.each([[false], [true]])("steers no terminal (--verbose: %j)", async (isVerbose) => {
    const msg = "a\u001b[2Jb\nlogger: c\u202e:\n  a problem";
    const { shown } = await relay([{ ...fatal, msg }], isVerbose);
    expect(shown).toEqual([
      expect.stringContaining("a\\u001b[2Jb\\nlogger: c\\u202e:\n  a problem"),
    ]);
  });
});

describe("a log file", () => {
  test("keeps the one of the last start", () => {
    using folder = temporaryFolder();
    const options = { folder: folder.path, name: "stats", onFault: () => {} };
    for (const line of ["first", "second", "third"]) {
      using file = openLogFile(options);
      file.append(line);
    }
    expect(readFileSync(folder.file("stats.log"), "utf8")).toBe("third\n");
    expect(readFileSync(folder.file("stats.log.old"), "utf8")).toBe("second\n");
  });

  const onSmallDisk = canMountSmallDisk() ? test : test.skip;
  onSmallDisk(
    "goes on when a full disk has space again, and says how many lines are missing",
    () => {
      using disk = mountSmallDisk();
      const said: string[] = [];
      using file = openLogFile({
        folder: disk.path,
        name: "stats",
        onFault: (message) => said.push(message),
      });
      file.append("before");
      disk.fillBut(0);
      const lost = "x".repeat(8_192);
      for (let line = 0; line < 3; line += 1) file.append(lost);
      disk.free();
      file.append("after");

      const stored = readFileSync(file.path, "utf8")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("x"));
      expect(stored).toEqual(["before", "3 line(s) missing here", "after"]);
      expect(said).toEqual([expect.stringContaining("no space left on device")]);
    },
  );

  test("begins as soon as it can be made", () => {
    using folder = temporaryFolder();
    const said: string[] = [];
    const options = {
      folder: folder.path,
      name: "stats",
      onFault: (text: string) => said.push(text),
    };
    // What is in the way of the previous log.
    writeFileSync(folder.file("stats.log"), "previous\n");
    mkdirSync(folder.file("stats.log.old/inside"), { recursive: true });
    using file = openLogFile(options);
    file.append("lost");
    expect(said).toHaveLength(1);
    rmSync(folder.file("stats.log.old"), { recursive: true });
    file.append("first");
    expect(readFileSync(file.path, "utf8")).toBe("\n1 line(s) missing here\nfirst\n");
    expect(readFileSync(folder.file("stats.log.old"), "utf8")).toBe("previous\n");
  });

  test("starts again when it is full, and takes at most twice its limit", () => {
    using folder = temporaryFolder();
    using file = openLogFile({
      folder: folder.path,
      name: "stats",
      bytesMax: 12,
      onFault: () => {},
    });
    for (const line of ["aaaa", "bbbb", "cccc", "dddd", "eeee"]) file.append(line);
    expect(readFileSync(folder.file("stats.log.old"), "utf8")).toBe("cccc\ndddd\n");
    expect(readFileSync(folder.file("stats.log"), "utf8")).toBe("eeee\n");
  });
});
