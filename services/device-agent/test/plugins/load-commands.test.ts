import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, jest, test } from "@jest/globals";
import { EXIT_CODES } from "@weir/runtime";
import { faultOf, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import type { DeviceCommand } from "../../src/commands/command.ts";
import { parsePayload } from "../../src/commands/command.ts";
import { loadCommands } from "../../src/commands/index.ts";
import { createTestDevice } from "../commands/fixture.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const EXAMPLES = fileURLToPath(new URL("../../../../config/examples/commands", import.meta.url));
const PAGE = new URL("../../../../docs/how-to/add-a-command.md", import.meta.url);
const PACKAGES = fileURLToPath(new URL("../../../../node_modules", import.meta.url));
const execute = promisify(execFile);

/** A folder of files beside which Weir's packages are found. */
function folderOf(files: Record<string, string>): TemporaryFolder {
  const folder = temporaryFolder();
  symlinkSync(PACKAGES, folder.file("node_modules"));
  for (const [name, code] of Object.entries(files)) writeFileSync(folder.file(name), code);
  return folder;
}

/** The code of a command, of which something else may be said. */
function code(more = "", name = "own"): string {
  return `
    import { z } from "zod";
    export const command: unknown = {
      name: "${name}", summary: "For a test.", payload: z.null(), run: async () => 1, ${more}
    };`;
}

function onlyOne(commands: readonly DeviceCommand[]): DeviceCommand {
  const [command] = commands;
  if (command === undefined || commands.length > 1) throw new Error("it is not one");
  return command;
}

describe("the example of a command", () => {
  const wake = onlyOne(loadCommands(EXAMPLES));
  const { device } = createTestDevice();
  const context = { device, signal: new AbortController().signal };

  test("sends what wakes a machine", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const received = once(socket, "message");
    const payload = { mac: "00:11:22:aa:BB:cc", address: "127.0.0.1", port: socket.address().port };
    const parsed = parsePayload(wake, payload);
    if (parsed.kind === "invalid") throw new Error(parsed.reason);
    expect(await wake.run(parsed.payload, context)).toEqual({ bytes: 102 });
    const [packet] = await received;
    socket.close();
    expect(packet.toString("hex")).toBe("f".repeat(12) + "001122aabbcc".repeat(16));
  });

  test.each([
    [null, "payload: null is not allowed; it must be keys with values: {a: 1, b: 2}"],
    [{}, "payload.mac: it is missing; it must be text"],
    [
      { mac: "; rm -rf /" },
      'payload.mac: "; rm -rf /" is not allowed; it must be like 00:11:22:33:44:55',
    ],
  ])("given %j says what is wrong", (payload, reason) => {
    expect(parsePayload(wake, payload)).toEqual({ kind: "invalid", reason });
  });
});

test("the command that docs/how-to/add-a-command.md shows is one", () => {
  const [, shown = ""] = /```ts\n(.*?)```/s.exec(readFileSync(PAGE, "utf8")) ?? [];
  using folder = folderOf({ "shown.ts": shown });
  expect(onlyOne(loadCommands(folder.path)).name).toBe("read_notes");
});

describe("a folder of commands", () => {
  test("is loaded in the order of its files' names; other files are skipped", () => {
    using folder = folderOf({
      "b.ts": code("", "second"),
      "a.js": code("", "first").replace(": unknown", ""),
      "c.mts": code("timeoutMs: 5, endsProcess: true", "third"),
      "d.test.ts": "throw new Error('a test')",
      "e.d.ts": "export {};",
      ".hidden.ts": "throw new Error('hidden')",
      "notes.md": "# Notes",
    });
    mkdirSync(folder.file("folder.ts"));
    const commands = loadCommands(folder.path);
    expect(commands.map(({ name }) => name)).toEqual(["first", "second", "third"]);
    expect(commands[2]).toMatchObject({ timeoutMs: 5, endsProcess: true });
  });

  test("may be empty, and must exist", () => {
    using folder = temporaryFolder();
    expect(loadCommands(folder.path)).toEqual([]);
    const { message, exitCode } = faultOf(() => loadCommands(folder.file("nowhere")));
    expect(message).toMatch(/^the folder .+nowhere cannot be read: .*ENOENT/);
    expect(exitCode).toBe(EXIT_CODES.configuration);
  });

  test("has so many files at most", () => {
    using folder = temporaryFolder();
    for (let count = 0; count <= 100; count += 1) writeFileSync(folder.file(`${count}.ts`), "");
    expect(faultOf(() => loadCommands(folder.path)).message).toMatch(
      /has 101 files to load, more than 100$/,
    );
  });

  test("is refused with all that is wrong with it, one file in a line", () => {
    using folder = folderOf({
      "a.ts": "export default {};",
      "b.ts": code(),
      "c.ts": "throw new Error('on purpose');",
      "d.ts": code("", "restart"),
    });
    const { message, exitCode } = faultOf(() => loadCommands(folder.path));
    expect(message.split("\n")).toEqual([
      `${folder.file("a.ts")}: it has no export command: export const command = …`,
      `${folder.file("c.ts")}: it cannot be loaded: on purpose`,
      `${folder.file("d.ts")}: the name restart is taken: it is Weir's own`,
    ]);
    expect(exitCode).toBe(EXIT_CODES.configuration);
  });
});

describe("loaded by Node itself instead of jest,", () => {
  const LOADS = new URL("../../src/commands/index.ts", import.meta.url).href;
  const SCRIPT = `
    import { loadCommands } from ${JSON.stringify(LOADS)};
    try {
      console.log(loadCommands(process.argv[1]).map(({ name }) => name).join());
    } catch (error) {
      console.log(error.message);
    }`;

  async function loadedByNode(folder: string): Promise<string> {
    const args = ["--input-type=module", "--eval", SCRIPT, folder];
    return (await execute(process.execPath, args)).stdout.trim();
  }

  test("the example is a command", async () => {
    expect(await loadedByNode(EXAMPLES)).toBe("wake_on_lan");
  });

  test("a file away from Weir's packages is refused with the way out, one with an enum with its line", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("a.ts"), code());
    writeFileSync(folder.file("b.ts"), "\n\nexport enum Color { red }");
    expect((await loadedByNode(folder.path)).split("\n")).toEqual([
      expect.stringMatching(
        /a\.ts: it cannot be loaded: Cannot find package 'zod' .*; keep the folder below Weir's own, where its packages are$/,
      ),
      expect.stringMatching(/b\.ts: it cannot be loaded, line 3: TypeScript enum is not supported/),
    ]);
  });
});

describe("a file of a command is refused that", () => {
  test.each([
    ["is no TypeScript", "export const command = ;", /it cannot be loaded/],
    ["has an enum", "export enum Color { red } export const command = 1;", /it cannot be loaded/],
    [
      "waits while it is loaded",
      `await null; ${code()}`,
      /it has an await outside of its functions/,
    ],
    [
      "needs a package that is not there",
      `import "no-such-package"; ${code()}`,
      /it cannot be loaded: .*Cannot find module 'no-such-package'/,
    ],
    ["exports a text", 'export const command = "rm";', /: it must be an object$/],
    ["exports a function", "export const command = () => 1;", /: it must be an object$/],
    [
      "exports nothing much",
      "export const command = {};",
      /name: it must be 1 to 64 letters.*; summary: it must be/,
    ],
    ["has no name", code("", "../x"), /: name: it must be 1 to 64 letters/],
    ["has an empty summary", code('summary: ""'), /: summary: it must not be empty$/],
    [
      "has no schema",
      code("payload: { type: 'string' }"),
      /: payload: it must be a schema of zod 4/,
    ],
    ["has a schema with no end", code("payload: { _zod: {}, safeParse: 1 }"), /as JSON Schema/],
    ["has no time", code("timeoutMs: 0"), /: timeoutMs: it must be at least 1$/],
    ["has time forever", code("timeoutMs: 1e12"), /: timeoutMs: it must be at most 86400000$/],
    ["cannot be run", code("run: 'rm -rf /'"), /: run: it must be a function$/],
  ])("%s", (_what, text, reason) => {
    using folder = folderOf({ "own.ts": text });
    expect(faultOf(() => loadCommands(folder.path)).message).toMatch(reason);
  });

  test("has the name of another one", () => {
    using folder = folderOf({ "a.ts": code(), "b.ts": code() });
    expect(faultOf(() => loadCommands(folder.path)).message).toBe(
      `${folder.file("b.ts")}: the name own is taken: it is that of ${folder.file("a.ts")}`,
    );
  });
});
