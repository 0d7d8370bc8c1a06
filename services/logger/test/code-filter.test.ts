import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, jest, test } from "@jest/globals";
import {
  createFakeClock,
  type FakeClock,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { openCodeFilter } from "../src/code-filter.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const EXAMPLE = fileURLToPath(new URL("../../../config/examples/tidy.ts", import.meta.url));
const REOPENS = fileURLToPath(new URL("./reopen-filter.ts", import.meta.url));
const LOADS = new URL("../src/code-filter.ts", import.meta.url).href;
const execute = promisify(execFile);
const RECEIVED_US = 1_800_000_000_000_000;

interface Trial {
  clock: FakeClock;
  ask: (topic: string, payload: string) => unknown;
  warnings: { failures?: number; reason?: string }[];
}

async function open(file: string): Promise<Trial> {
  const warnings: Trial["warnings"] = [];
  const warn = (details: object): void => void warnings.push(details);
  const clock = createFakeClock();
  const filter = await openCodeFilter({ file, stream: "s", clock, warn });
  return {
    clock,
    warnings,
    ask: (topic, payload) => {
      const verdict = filter(
        { topic, payload: Buffer.from(payload), retained: false },
        RECEIVED_US,
      );
      return verdict.toString();
    },
  };
}

function written(folder: TemporaryFolder, code: string): string {
  const file = folder.file("filter.ts");
  writeFileSync(file, code);
  return file;
}

describe("the example of a code filter", () => {
  test("drops heartbeats, thins out, and changes what it knows better", async () => {
    const { ask, warnings } = await open(EXAMPLE);
    expect(ask("pump/heartbeat", "1")).toBe("drop");
    expect(ask("pump/fahrenheit", "212")).toBe("100.00");
    expect(ask("pump/fahrenheit", "hot")).toBe("keep");
    expect(ask("pump/state", "on")).toBe("keep");
    const kept = Array.from({ length: 30 }, () => ask("pump/vibration", "9"));
    expect(kept.filter((verdict) => verdict === "keep")).toHaveLength(3);
    expect(warnings).toEqual([]);
  });
});

describe("a code filter", () => {
  test("that throws has its message stored, and is logged every ten seconds, not each time", async () => {
    using folder = temporaryFolder();
    const file = written(folder, `export default () => { throw new Error("on purpose"); };`);
    const { ask, clock, warnings } = await open(file);
    const reason = expect.stringMatching(/on purpose\n +at .*filter\.ts/);
    for (let count = 0; count < 1_000; count += 1) expect(ask("t", "1")).toBe("failed");
    expect(warnings).toEqual([{ stream: "s", file, failures: 1, reason }]);

    clock.advance(9_999);
    ask("t", "1");
    expect(warnings).toHaveLength(1);
    clock.advance(1);
    ask("t", "1");
    expect(warnings[1]).toEqual({ stream: "s", file, failures: 1_001, reason });
  });

  test.each(["null", "Object.create(null)", "new Proxy({}, {})", '"x".repeat(1e6)'])(
    "may throw %s",
    async (thrown) => {
      using folder = temporaryFolder();
      const { ask, warnings } = await open(
        written(folder, `export default () => { throw ${thrown}; };`),
      );
      expect(ask("t", "1")).toBe("failed");
      expect(warnings[0]?.reason?.length).toBeLessThanOrEqual(2_000);
    },
  );

  test("may write its answers into the same memory", async () => {
    using folder = temporaryFolder();
    const code = `const memory = Buffer.alloc(1);
      export default ({ payload }: { payload: Buffer }) => (payload.copy(memory), memory);`;
    const filter = await openCodeFilter({
      file: written(folder, code),
      stream: "s",
      clock: createFakeClock(),
      warn: () => {},
    });
    const verdicts = ["a", "b"].map((text) =>
      filter({ topic: "t", payload: Buffer.from(text), retained: false }, RECEIVED_US),
    );
    expect(verdicts).toEqual(["a", "b"].map((text) => Buffer.from(text)));
  });

  test.each([
    ["nothing", "export default () => {};", "undefined"],
    ["a number", "export default () => 7;", "number"],
    ["another word", 'export default () => "skip";', '"skip"'],
    [
      "more bytes than a payload has",
      "export default () => Buffer.alloc(262_145);",
      "262145 bytes",
    ],
    ["a promise", 'export default () => Promise.resolve("keep");', "promise"],
    ["a promise that fails", 'export default () => Promise.reject(new Error("later"));', "promise"],
  ])("that returns %s has its message stored, and is logged", async (_, code, reason) => {
    using folder = temporaryFolder();
    const { ask, warnings } = await open(written(folder, code));
    expect(ask("t", "1")).toBe("failed");
    expect(warnings[0]?.reason).toContain(reason);
  });

  test("may export its function by name, and use types", async () => {
    using folder = temporaryFolder();
    const code = `export const filter = ({ topic }: { topic: string }): string =>
      topic === "t" ? "drop" : "keep";`;
    const { ask } = await open(written(folder, code));
    expect([ask("t", "1"), ask("u", "1")]).toEqual(["drop", "keep"]);
  });

  test("is what its file says now, when it is opened again", async () => {
    using folder = temporaryFolder();
    const file = folder.file("filter.ts");
    // In a separate process: jest keeps files that it has read.
    const { stdout } = await execute(process.execPath, [REOPENS, file]);
    expect(stdout).toBe("keep drop\n");
  });

  test("that is no TypeScript is refused with the line", async () => {
    using folder = temporaryFolder();
    const file = written(folder, 'const good = 1;\nexport default ) => "keep";\n');
    // In a separate process: there Node reads the file, not jest.
    const code = `import { loadFilter } from ${JSON.stringify(LOADS)};
      await loadFilter({ stream: "s", file: process.argv[1] }).catch((fault) => console.log(fault.message));`;
    const { stdout } = await execute(process.execPath, ["--input-type=module", "-e", code, file]);
    expect(stdout).toContain(`${file} of the stream s cannot be loaded, line 2: `);
  });

  test.each([
    ["is not there", null, "cannot be loaded"],
    ["is not TypeScript", "export default (", "cannot be loaded"],
    ["exports nothing", "const filter = 1;", "exports no function"],
    ["is asynchronous", 'export default async () => "keep";', "is an async function"],
  ])("whose file %s is refused, with stream and file", async (_, code, words) => {
    using folder = temporaryFolder();
    const file = code === null ? folder.file("filter.ts") : written(folder, code);
    await expect(open(file)).rejects.toThrow(words);
    await expect(open(file)).rejects.toThrow(`${file} of the stream s`);
  });
});
