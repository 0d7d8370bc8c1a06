import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { createFakeClock, eventually, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { source as command } from "../../src/sources/command.ts";
import { openSource, problemsWith, read } from "./fixture.ts";

/** Whether a process runs; a zombie does not. */
function runs(pid: string): boolean {
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" }).startsWith("Z");
  } catch {
    return false;
  }
}

async function pidsIn(file: string, count: number): Promise<string[]> {
  return eventually(() => {
    const pids = existsSync(file) ? readFileSync(file, "utf8").trim().split(/\s+/) : [];
    return pids.length === count ? pids : null;
  });
}

async function expectGone(pids: readonly string[]): Promise<void> {
  await eventually(() => pids.every((pid) => !runs(pid)));
}

/** A shell script as a program of the user's: the source itself has no shell. */
function script(folder: TemporaryFolder, code: string): string {
  writeFileSync(folder.file("program"), `#!/bin/sh\n${code}\n`, { mode: 0o755 });
  return "./program";
}

describe("a program's output", () => {
  test.each([
    ["temp=48.3'C", {}, 48.3],
    ["-7", {}, -7],
    ["up 3 users, load .25", {}, 3],
    ["1.5e3 W", {}, 1500],
    ["1.23456789", { decimals: 2 }, 1.23],
    ["in0: 3, temp1: 41", { pattern: "temp1: (\\d+)" }, 41],
  ])("%j with %j is %d", async (output, options, value) => {
    using source = openSource(command, { program: "echo", arguments: [output], ...options });
    expect(await read(source)).toEqual({ it: value });
  });

  test.each([
    ["nothing", {}],
    ["temp: none", { pattern: "temp: (\\S+)" }],
    ["1e999", {}],
  ])("%j with %j is no number, which is an error", async (output, options) => {
    using source = openSource(command, { program: "echo", arguments: [output], ...options });
    await expect(read(source)).rejects.toThrow(
      `echo wrote no number: ${JSON.stringify(`${output}\n`)}`,
    );
  });

  test("is described as it is configured", () => {
    const options = { unit: "V", decimals: 2, label: "Battery", deviceClass: "voltage" };
    using source = openSource(command, { program: "true", ...options }, { name: "battery" });
    expect(source.attributes).toEqual([
      { name: "battery", ...options, range: { min: null, max: null } },
    ]);
  });
});

describe("a program", () => {
  test("is run without a shell: what follows a semicolon is an argument", async () => {
    using folder = temporaryFolder();
    const victim = folder.file("x");
    const tricks = [
      `; touch ${victim}`,
      `$(touch ${victim})`,
      `\`touch ${victim}\``,
      `| touch ${victim}`,
    ];
    using source = openSource(
      command,
      { program: "echo", arguments: ["1", ...tricks] },
      { base: folder.path },
    );
    expect(await read(source)).toEqual({ it: 1 });
    using named = openSource(command, { program: `echo 1; touch ${victim}` });
    await expect(read(named)).rejects.toThrow("cannot be started");
    expect(existsSync(victim)).toBe(false);
  });

  test("is given the path and the language, and no secrets", async () => {
    using folder = temporaryFolder();
    const program = script(folder, "env | grep -vE '^(PATH|LANG|PWD|SHLVL|_)=' | wc -l");
    process.env.WEIR_TEST_PASSWORD = "secret";
    try {
      using source = openSource(command, { program }, { base: folder.path });
      expect(await read(source)).toEqual({ it: 0 });
    } finally {
      delete process.env.WEIR_TEST_PASSWORD;
    }
  });

  test("that fails is an error with its code and the first line of its standard error", async () => {
    using folder = temporaryFolder();
    const program = script(folder, "echo 5; echo 'no sensor' >&2; echo more >&2; exit 3");
    using source = openSource(command, { program }, { base: folder.path });
    await expect(read(source)).rejects.toThrow(/^\.\/program ended with code 3: no sensor$/);
  });

  test("that is killed, or is missing, is an error", async () => {
    using folder = temporaryFolder();
    using killed = openSource(
      command,
      { program: script(folder, "kill -9 $$") },
      { base: folder.path },
    );
    await expect(read(killed)).rejects.toThrow("was killed by SIGKILL");
    using missing = openSource(command, { program: "no-such-program" });
    await expect(read(missing)).rejects.toThrow("no-such-program cannot be started");
  });

  test("that never ends is ended with its children, and the next read starts it again", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    const program = script(
      folder,
      "trap '' TERM\nsleep 1000 &\necho $$ $! > pids.new\nmv pids.new pids\nwait",
    );
    using source = openSource(command, { program }, { base: folder.path, clock });
    const reading = read(source);
    const pids = await pidsIn(folder.file("pids"), 2);
    expect(pids.map(runs)).toEqual([true, true]);
    clock.advance(4_999);
    expect(pids.map(runs)).toEqual([true, true]);
    clock.advance(1);
    await expect(reading).rejects.toThrow("./program took longer than 5 s, and was ended");
    await expectGone(pids);
    script(folder, "echo 6");
    expect(await read(source)).toEqual({ it: 6 });
  });

  test.each([
    ["its output", ""],
    ["its output while its standard error is full", " | tee /dev/stderr"],
  ])("that never ends to write to %s is ended", async (_, way) => {
    using folder = temporaryFolder();
    const program = script(folder, `echo $$ > pids.new\nmv pids.new pids\nyes 1${way}`);
    using source = openSource(command, { program }, { base: folder.path });
    await expect(read(source)).rejects.toThrow("wrote more than 4096 bytes");
    await expectGone(await pidsIn(folder.file("pids"), 1));
  });

  test("that never ends to complain is ended by its time", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    const program = script(folder, "echo $$ > pids.new\nmv pids.new pids\nexec yes broken >&2");
    using source = openSource(command, { program }, { base: folder.path, clock });
    const reading = read(source);
    const pids = await pidsIn(folder.file("pids"), 1);
    clock.advance(5_000);
    await expect(reading).rejects.toThrow("took longer than 5 s");
    await expectGone(pids);
  });

  test("leaves nothing behind when it ends well", async () => {
    using folder = temporaryFolder();
    const program = script(folder, "sleep 1000 > /dev/null 2>&1 &\necho $! > pid\necho 9");
    using source = openSource(command, { program }, { base: folder.path });
    expect(await read(source)).toEqual({ it: 9 });
    await expectGone(await pidsIn(folder.file("pid"), 1));
  });

  test.each([
    [
      "when the measurement is ended",
      (ending: AbortController) => ending.abort(new Error("ended")),
    ],
    ["when the source is closed", (_: AbortController, close: () => void) => close()],
  ])("is ended %s", async (_, end) => {
    using folder = temporaryFolder();
    const program = script(folder, "echo $$ > pids.new\nmv pids.new pids\nexec sleep 1000");
    const source = openSource(command, { program }, { base: folder.path });
    const ending = new AbortController();
    const reading = source.read(ending.signal);
    const pids = await pidsIn(folder.file("pids"), 1);
    end(ending, () => source[Symbol.dispose]());
    await expect(reading).rejects.toThrow(/ended|closed/);
    await expectGone(pids);
    await expect(source.read(AbortSignal.abort(new Error("ended")))).rejects.toThrow(
      /ended|closed/,
    );
  });
});

test.each([
  [{}, "program: it must be the name or path of a program"],
  [{ program: "echo", arguments: "5" }, "arguments: it must be a list: [-n, kitchen]"],
  [{ program: "echo", arguments: [5] }, 'arguments.0: it must be text: "5"'],
  [{ program: "echo", pattern: "(" }, "pattern: it must be a regular expression with one group"],
  [{ program: "echo", pattern: "\\d+" }, "pattern: it must be a regular expression with one group"],
  [{ program: "echo", timeoutSeconds: 0 }, "timeoutSeconds: it must be larger than 0"],
  [{ program: "echo", shell: true }, ': Unrecognized key: "shell"'],
])("options %j are refused: %s", (options, problem) => {
  expect(problemsWith(command, options)).toEqual([problem]);
});
