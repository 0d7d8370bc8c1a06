import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, jest, test } from "@jest/globals";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { loadSourceKinds, SOURCE_KINDS } from "../../src/sources/index.ts";
import { openSource, problemsWith, read } from "../sources/fixture.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const EXAMPLES = fileURLToPath(new URL("../../../../config/examples/sources", import.meta.url));
const LOADS = new URL("../../src/sources/index.ts", import.meta.url).href;
const execute = promisify(execFile);

/** Options are of `zod` in real files; a folder outside of Weir's does not find it. */
const SCHEMA = "{ safeParse: (data) => ({ success: true, data }), parse: (data) => data }";

function written(folder: TemporaryFolder, code: string, name = "own.ts"): string {
  writeFileSync(folder.file(name), code);
  return folder.path;
}

/** A kind with a part of it exchanged: `open: 7`. */
function kindWith(part = ""): string {
  return `export const source = {
    name: "own", summary: "One of my own.", options: ${SCHEMA},
    open: (options, { name }) => ({
      attributes: [{ name, label: "Own", unit: null, range: { min: 0, max: null }, decimals: 0, deviceClass: null }],
      read: async (): Promise<object> => ({ [name]: 7 }),
    }),
    ${part}
  };`;
}

function sourceWith(part: string): string {
  return kindWith(`open: (options, { name }) => ({
    attributes: [{ name, label: "Own", unit: null, range: { min: 0, max: null }, decimals: 0, deviceClass: null }],
    read: async () => ({ [name]: 7 }),
    ${part}
  }),`);
}

describe("the example of a source", () => {
  const ID = "28-0316a2795cff";

  function sensorSays(folder: TemporaryFolder, text: string): void {
    mkdirSync(folder.file(ID), { recursive: true });
    writeFileSync(join(folder.file(ID), "w1_slave"), text);
  }

  test("reports a sensor's temperature, and nothing with a wrong checksum", async () => {
    using folder = temporaryFolder();
    const [kind] = loadSourceKinds(EXAMPLES);
    if (kind === undefined) throw new Error("there is no example");
    using source = openSource(kind, { id: ID, folder: folder.path }, { name: "cellar" });
    expect(source.attributes[0]).toMatchObject({ unit: "°C", deviceClass: "temperature" });

    const bytes = "5f 01 4b 46 7f ff 0c 10 5c";
    sensorSays(folder, `${bytes} : crc=5c YES\n${bytes} t=21937\n`);
    expect(await read(source)).toEqual({ cellar: 21.937 });
    sensorSays(folder, `${bytes} : crc=5c YES\n${bytes} t=-1250\n`);
    expect(await read(source)).toEqual({ cellar: -1.25 });
    sensorSays(folder, `${bytes} : crc=5d NO\n${bytes} t=21937\n`);
    await expect(read(source)).rejects.toThrow("was not understood");
    sensorSays(folder, `${bytes} : crc=5c YES\n${bytes} t=85000\n`);
    await expect(read(source)).rejects.toThrow("has not measured yet");
    expect(problemsWith(kind, { id: "../../etc" })[0]).toContain("id: it must be a sensor's id");
  });
});

describe("a file of the user's own", () => {
  test("is a kind of source; other files are skipped", async () => {
    using folder = temporaryFolder();
    written(folder, kindWith());
    written(folder, "not even TypeScript", "notes.txt");
    written(folder, "throw new Error();", "own.test.ts");
    const [kind, ...others] = loadSourceKinds(folder.path);
    expect(others).toEqual([]);
    expect(kind).toMatchObject({ name: "own", summary: "One of my own." });
    if (kind === undefined) throw new Error("it was not loaded");
    using source = openSource(kind, {}, { name: "seven" });
    expect(await read(source)).toEqual({ seven: 7 });
  });

  test("may be a copy of one of Weir's, under its own name", async () => {
    // Inside Weir's folder, as its users have theirs: there zod is found.
    const folder = mkdtempSync(join(import.meta.dirname, "copied-sources-"));
    try {
      const from = fileURLToPath(new URL("../../src/sources/random-walk.ts", import.meta.url));
      cpSync(from, join(folder, "my-walk.ts"));
      expect(() => loadSourceKinds(folder)).toThrow(
        "my-walk.ts: the name random_walk is taken: it is Weir's own",
      );
      const code = readFileSync(from, "utf8").replace('"random_walk"', '"my_walk"');
      writeFileSync(join(folder, "my-walk.ts"), code);
      // In a separate process: jest keeps files that it has read.
      const { stdout } = await loadAlone(folder);
      expect(stdout).toBe("my_walk\n");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("that takes the name of another one is refused with both", () => {
    using folder = temporaryFolder();
    written(folder, kindWith(), "a.ts");
    written(folder, kindWith(), "b.ts");
    expect(() => loadSourceKinds(folder.path)).toThrow(
      `${folder.file("b.ts")}: the name own is taken: it is that of ${folder.file("a.ts")}`,
    );
  });

  test.each([
    ["exports nothing", "const source = 1;", "has no export source"],
    [
      "exports no kind",
      "export const source = 7;",
      "its source is not valid: it must be an object",
    ],
    ["has no valid name", kindWith('name: "a b",'), "name: it must be 1 to 64 letters"],
    ["has no summary", kindWith("summary: undefined,"), "summary: it must be a sentence"],
    ["has no schema", kindWith("options: {},"), "options: it must be a schema of zod"],
    ["opens nothing", kindWith("open: 7,"), "open: it must be a function"],
    ["opens later", kindWith("open: async () => {},"), "opens the source at once"],
    ["throws", 'throw new Error("on purpose"); export const source = 1;', "loaded: on purpose"],
    ["imports what is not there", 'import "nowhere"; export const source = 1;', "nowhere"],
    ["is no TypeScript", "export const source = (;", "cannot be loaded"],
  ])("that %s is refused with its path", (_, code, words) => {
    using folder = temporaryFolder();
    const load = (): unknown => loadSourceKinds(written(folder, code));
    expect(load).toThrow(words);
    expect(load).toThrow(folder.file("own.ts"));
  });

  test("that is no TypeScript is refused with the line, one without its packages with the way out", async () => {
    using folder = temporaryFolder();
    written(folder, "const good = 1;\nexport const source = );\n");
    expect((await loadAlone(folder.path)).stdout).toContain(
      "own.ts: it cannot be loaded, line 2: ",
    );
    written(folder, 'import { z } from "zod";\nexport const source = z;\n');
    expect((await loadAlone(folder.path)).stdout).toContain("keep the folder below Weir's own");
  });

  test.each([
    ["has no attributes", sourceWith("attributes: [],"), "attributes: there is at least one"],
    ["cannot be read", sourceWith("read: 7,"), "read: it must be a function"],
    [
      "has attributes that fail",
      sourceWith('get attributes(): never { throw new Error("no bus"); },'),
      "cannot open the source it: no bus",
    ],
    [
      "throws",
      kindWith('open: () => { throw new Error("no bus"); },'),
      "cannot open the source it: no bus",
    ],
  ])("whose source %s is refused when it is opened", (_, code, words) => {
    using folder = temporaryFolder();
    const [kind] = loadSourceKinds(written(folder, code));
    expect(() => kind && openSource(kind)).toThrow(words);
    expect(() => kind && openSource(kind)).toThrow(folder.file("own.ts"));
  });

  test.each([
    ["text", '{ it: "7" }', "it: 7 is not a number"],
    ["no number", "{ it: NaN }", "it: NaN is not a number"],
    ["an unknown attribute", "{ other: 7 }", "other, which is not one of its attributes"],
    ["nothing", "undefined", "it measured no object"],
  ])("whose source measures %s is reported, and measured again", async (_, sample, words) => {
    using folder = temporaryFolder();
    const [kind] = loadSourceKinds(written(folder, sourceWith(`read: async () => (${sample}),`)));
    if (kind === undefined) throw new Error("it was not loaded");
    using source = openSource(kind);
    await expect(read(source)).rejects.toThrow(words);
  });
});

test("a folder that is not there is a fault", () => {
  expect(() => loadSourceKinds("/not-there")).toThrow("the folder /not-there cannot be read");
});

test("each of Weir's kinds has its own name, and describes each option", () => {
  const names = SOURCE_KINDS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  for (const { options } of SOURCE_KINDS) {
    const { properties = {} } = options.toJSONSchema({ io: "input" });
    for (const option of Object.values(properties)) {
      expect(option).toMatchObject({ description: expect.stringMatching(/\.$/) });
    }
  }
});

/** What a plain Node says: the names of the kinds, or the fault. */
function loadAlone(folder: string): Promise<{ stdout: string }> {
  const code = `import { loadSourceKinds } from ${JSON.stringify(LOADS)};
    try { for (const { name } of loadSourceKinds(process.argv[1])) console.log(name); }
    catch (fault) { console.log(fault.message, fault.remedy); }`;
  return execute(process.execPath, ["--input-type=module", "-e", code, folder]);
}
