import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { checkSnapshot, restore } from "@weir/backup";
import { Fault } from "@weir/runtime";
import {
  openTestStore,
  overwrite,
  readingAt,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { backUpSuite, NEVER, placesIn } from "./fixture.ts";

/** A folder with a small suite, and one snapshot of it. */
async function backedUp(): Promise<{ folder: TemporaryFolder; snapshot: string }> {
  const folder = temporaryFolder();
  const { storeFile } = placesIn(folder.path);
  using store = openTestStore(storeFile);
  store.append([readingAt(START_US, 7)]);
  mkdirSync(folder.file("config"));
  writeFileSync(folder.file("config/weir.yaml"), "streams: {}\n", { mode: 0o640 });
  const { snapshot } = await backUpSuite(folder);
  return { folder, snapshot };
}

async function faultOf(task: Promise<unknown>): Promise<Fault> {
  const error = await task.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Fault) return error;
  throw new Error(`no fault: ${error}`);
}

const namesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }).sort() : [];

describe("a restore", () => {
  test("puts every file where the settings name its place, with its time and its rights", async () => {
    const { folder, snapshot } = await backedUp();
    using _ = folder;
    const other = folder.file("other");
    const to = placesIn(other);
    const done = await restore({ folder: folder.file("backups"), snapshot, to, signal: NEVER });
    expect(done.files).toBe(2);
    const [before, after] = [folder.path, other].map((one) =>
      statSync(join(one, "config/weir.yaml")),
    );
    expect([after?.mode, after?.mtimeMs]).toEqual([before?.mode, before?.mtimeMs]);
    using store = openTestStore(to.storeFile);
    expect(store.append([readingAt(START_US, 8)]).filed).toEqual(["unsequenced"]);
    expect(store.end().id).toBe(2);
  });

  test("goes on where an earlier one was killed, and leaves alone what is the same", async () => {
    const { folder, snapshot } = await backedUp();
    using _ = folder;
    const options = {
      folder: folder.file("backups"),
      snapshot,
      to: placesIn(folder.file("other")),
    };
    await restore({ ...options, signal: NEVER });
    rmSync(folder.file("other/config/weir.yaml"));
    writeFileSync(folder.file("other/config/weir.yaml.restoring"), "half");
    await restore({ ...options, signal: NEVER });
    expect(readFileSync(folder.file("other/config/weir.yaml"), "utf8")).toBe("streams: {}\n");
    expect(namesIn(folder.file("other/config"))).toEqual(["weir.yaml"]);
  });

  test.each([
    ["another file in its place", "config/weir.yaml", "mine: {}\n"],
    ["one of the same size", "config/weir.yaml", "streams: []\n"],
    ["a file of another suite beside the store", "data/index.db", "x"],
  ])("overwrites nothing: %s", async (_name, file, content) => {
    const { folder, snapshot } = await backedUp();
    using _ = folder;
    const other = folder.file("other");
    mkdirSync(join(other, file, ".."), { recursive: true });
    writeFileSync(join(other, file), content);
    const to = placesIn(other);
    const fault = await faultOf(
      restore({ folder: folder.file("backups"), snapshot, to, signal: NEVER }),
    );
    expect(fault.message).toBe(`${join(other, file)} is there already, and nothing is overwritten`);
    expect(existsSync(to.storeFile)).toBe(false);
    expect(readFileSync(join(other, file), "utf8")).toBe(content);
  });

  test("does not begin where a suite runs", async () => {
    const { folder, snapshot } = await backedUp();
    using _ = folder;
    const to = placesIn(folder.path);
    using _store = openTestStore(to.storeFile);
    const fault = await faultOf(
      restore({ folder: folder.file("backups"), snapshot, to, signal: NEVER }),
    );
    expect(fault.message).toBe("a suite is running on this data");
    expect(fault.exitCode).toBe(75);
  });

  test("does not rename the store, because positions name its file", async () => {
    const { folder, snapshot } = await backedUp();
    using _ = folder;
    const to = { ...placesIn(folder.file("other")), storeFile: folder.file("other/data/mine.db") };
    const fault = await faultOf(
      restore({ folder: folder.file("backups"), snapshot, to, signal: NEVER }),
    );
    expect(fault.message).toContain("is named weir.db, and DB_FILE names");
    expect(fault.remedy).toBe(`Set DB_FILE to ${folder.file("other/data/weir.db")}.`);
  });
});

describe("a snapshot that is not whole", () => {
  function objectOf(folder: TemporaryFolder, path: string): string {
    const [name = ""] = readdirSync(folder.file("backups/snapshots"));
    const text = readFileSync(folder.file(`backups/snapshots/${name}`), "utf8");
    const { files } = JSON.parse(text) as { files: { path: string; hash: string }[] };
    return folder.file(`backups/files/${files.find((one) => one.path === path)?.hash}`);
  }

  test.each([
    ["a file that is missing", (object: string) => rmSync(object), /is missing$/m],
    [
      "a file that has changed",
      (object: string) => overwrite(object, 200, 260),
      /does not hold what it did$/m,
    ],
  ])("is refused: %s", async (_name, harm, words) => {
    const { folder, snapshot } = await backedUp();
    using _ = folder;
    harm(objectOf(folder, "store/weir.db"));
    const options = { folder: folder.file("backups"), snapshot, signal: NEVER };
    const checked = await faultOf(checkSnapshot(options.folder, snapshot, NEVER));
    const restored = await faultOf(restore({ ...options, to: folder.file("other") }));
    for (const { message } of [checked, restored]) {
      expect(message).toMatch(/is not whole:\n {2}store\/weir\.db: /);
      expect(message).toMatch(words);
    }
    expect(namesIn(folder.file("other")).filter((name) => name.includes("."))).toEqual([]);
  });

  test("is refused where a database was damaged before it was taken, unless that is wanted", async () => {
    using folder = temporaryFolder();
    const { storeFile } = placesIn(folder.path);
    mkdirSync(folder.file("data"));
    const database = new Sqlite(storeFile);
    database.exec("CREATE TABLE t (x); CREATE INDEX by_x ON t (x)");
    const insert = database.prepare("INSERT INTO t VALUES (?)");
    for (let row = 0; row < 2_000; row += 1) insert.run(row);
    database.close();
    overwrite(storeFile, 8_192, 12_288);
    const { snapshot } = await backUpSuite(folder);
    const { message } = await faultOf(checkSnapshot(folder.file("backups"), snapshot, NEVER));
    expect(message).toContain("store/weir.db: the database is damaged");
    const options = { folder: folder.file("backups"), snapshot, to: folder.file("other") };
    const refused = await faultOf(restore({ ...options, signal: NEVER }));
    expect(refused.remedy).toContain("weir restore --damaged");
    expect(await restore({ ...options, damaged: true, signal: NEVER })).toMatchObject({ files: 1 });
  });

  test.each([
    ["leads out of its place", { path: "store/../../x" }, "is no snapshot"],
    ["is of a newer format", { format: 2 }, "has format 2; this version of Weir reads up to 1"],
  ])("is refused when its list %s", async (_name, change, words) => {
    const { folder, snapshot } = await backedUp();
    using _ = folder;
    const list = folder.file(`backups/snapshots/${snapshot}.json`);
    const content = JSON.parse(readFileSync(list, "utf8")) as { files: object[] };
    if ("path" in change) content.files[0] = { ...content.files[0], ...change };
    writeFileSync(list, JSON.stringify({ ...content, ...("format" in change ? change : {}) }));
    const fault = await faultOf(
      restore({
        folder: folder.file("backups"),
        snapshot,
        to: folder.file("other"),
        signal: NEVER,
      }),
    );
    expect(fault.message).toContain(words);
  });
});
