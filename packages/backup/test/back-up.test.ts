import { chmodSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import { backUp, readBackupState, readSnapshot } from "@weir/backup";
import { lockFile, systemClock } from "@weir/runtime";
import {
  canMountSmallDisk,
  mountSmallDisk,
  openTestStore,
  readingAt,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { backUpSuite, NEVER, placesIn } from "./fixture.ts";

function write(folder: TemporaryFolder, path: string, content = path): void {
  const file = folder.file(path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function makeStore(folder: TemporaryFolder): void {
  using store = openTestStore(placesIn(folder.path).storeFile);
  store.append([readingAt(START_US)]);
}

/** What is in a folder of files that the snapshots name. */
const objectsIn = (folder: TemporaryFolder): number =>
  readdirSync(folder.file("backups/files")).length;

function pathsIn(folder: TemporaryFolder, snapshot: string): string[] {
  return readSnapshot(folder.file("backups"), snapshot).files.map(({ path }) => path);
}

test("a snapshot has what a suite keeps and its users write, and no secrets, locks, logs or files of others", async () => {
  using folder = temporaryFolder();
  makeStore(folder);
  for (const path of [
    "data/weir.db.session",
    "data/deletions.token",
    "data/logs/logger.log",
    "data/mosquitto/mosquitto.db",
    "data/stranger.txt",
    "data/device/memory.json",
    "data/device/sandbox/file",
    "data/old/stream.lock",
    "data/old/2026-01-01/old-20260101T000000.000000Z.parquet",
    "data/old/2026-01-01/old-20260101T000000.000000Z.parquet.hidden",
    "data/old/2026-01-01/old-20260102T000000.000000Z.parquet.making",
    "config/weir.yaml",
    "config/filter.ts",
    "config/weir.example.yaml",
    "config/.env",
    "config/keys/hook",
    "config/secrets/password",
    "config/workflows/freezer.yaml",
  ]) {
    write(folder, path);
  }
  write(folder, "data/deletions.json", '{"version":1,"deletions":[]}');
  const { snapshot } = await backUpSuite(folder);
  expect(pathsIn(folder, snapshot)).toEqual([
    "device/memory.json",
    "store/deletions.json",
    "store/weir.db.session",
    "store/weir.db",
    "store/old/2026-01-01/old-20260101T000000.000000Z.parquet",
    "store/old/2026-01-01/old-20260101T000000.000000Z.parquet.hidden",
    "config/filter.ts",
    "config/weir.yaml",
    "config/workflows/freezer.yaml",
  ]);
});

test("a file that is as it was is not read again", async () => {
  using folder = temporaryFolder();
  const archive = "data/home/2026-01-01/home-20260101T000000.000000Z.parquet";
  write(folder, archive, "points");
  write(folder, "data/home/stream.lock");
  expect((await backUpSuite(folder)).added.files).toBe(1);
  // What nobody may read would end a backup that reads it.
  chmodSync(folder.file(archive), 0o000);
  const { mtimeMs } = statSync(folder.file(archive));
  expect(mtimeMs).toBeGreaterThan(0);
  const again = await backUpSuite(folder);
  expect([again.files, again.added.files]).toEqual([1, 0]);
});

test("old snapshots go, and the contents that only they need", async () => {
  using folder = temporaryFolder();
  makeStore(folder);
  write(folder, "config/weir.yaml", "first");
  write(folder, "config/stays.yaml", "stays");
  await backUpSuite(folder);
  write(folder, "config/weir.yaml", "second, and longer");
  await backUpSuite(folder);
  expect(objectsIn(folder)).toBe(4);
  write(folder, "config/weir.yaml", "third, and longer than that");
  const { removed, snapshot } = await backUpSuite(folder, 1);
  expect(removed).toMatchObject({ snapshots: 2, files: 2 });
  expect(readdirSync(folder.file("backups/snapshots"))).toEqual([`${snapshot}.json`]);
  expect(objectsIn(folder)).toBe(3);
});

test("older snapshots stay where the new one is not whole, and the next backup mends what the disk has damaged", async () => {
  using folder = temporaryFolder();
  makeStore(folder);
  write(folder, "config/weir.yaml", "first");
  // So long ago that it is not read again.
  utimesSync(folder.file("config/weir.yaml"), 1, 1);
  const { snapshot } = await backUpSuite(folder);
  const { files } = readSnapshot(folder.file("backups"), snapshot);
  const { hash } = files.find(({ path }) => path === "config/weir.yaml") ?? {};
  writeFileSync(folder.file(`backups/files/${hash}`), "rotts");
  const options = {
    folder: folder.file("backups"),
    places: placesIn(folder.path),
    weir: "1.2.3",
    keep: 1,
    verify: true,
    clock: systemClock,
    signal: NEVER,
  };
  await expect(backUp(options)).rejects.toThrow("does not hold what it did");
  expect(readdirSync(folder.file("backups/snapshots"))).toHaveLength(2);
  const mended = await backUp(options);
  expect([mended.added.files, mended.removed.snapshots]).toEqual([1, 2]);
  expect(readdirSync(folder.file("backups/files"))).toHaveLength(2);
});

test("a snapshot that would be older than one of a wrong clock is refused, because none would find it", async () => {
  using folder = temporaryFolder();
  makeStore(folder);
  write(folder, "backups/snapshots/20990101T000000.000Z.json", "{}");
  await expect(backUpSuite(folder, 1)).rejects.toThrow("has a snapshot of 20990101T000000.000Z");
  expect(readdirSync(folder.file("backups/snapshots"))).toHaveLength(1);
});

test("a name that a restore would refuse ends the backup, and keeps the snapshots before it", async () => {
  using folder = temporaryFolder();
  makeStore(folder);
  write(folder, "config/Küche und Bad.yaml");
  await backUpSuite(folder);
  write(folder, "config/a\\b.yaml");
  await expect(backUpSuite(folder, 1)).rejects.toThrow(
    "the name of config/a\\b.yaml is too long, or has a backslash",
  );
  expect(readdirSync(folder.file("backups/snapshots"))).toHaveLength(1);
});

test("two backups of one suite do not run at once", async () => {
  using folder = temporaryFolder();
  makeStore(folder);
  using _other = lockFile(folder.file("data/backup"), { message: "", remedy: "" });
  await expect(backUpSuite(folder)).rejects.toThrow("another backup of this suite is under way");
});

test("nor do those of two suites into one folder", async () => {
  using folder = temporaryFolder();
  makeStore(folder);
  mkdirSync(folder.file("backups"));
  using _other = lockFile(folder.file("backups/backup"), { message: "", remedy: "" });
  await expect(backUpSuite(folder)).rejects.toThrow("another backup into");
});

test("a folder of backups in the folder of the configuration is refused", async () => {
  using folder = temporaryFolder();
  const places = placesIn(folder.path);
  const options = { places, weir: "1.2.3", keep: null, clock: systemClock, signal: NEVER };
  const backups = join(places.configFolders.config ?? "", "backups");
  await expect(backUp({ ...options, folder: backups })).rejects.toThrow(
    "which is backed up itself",
  );
});

test("a folder that is no folder of a configuration is refused", async () => {
  using folder = temporaryFolder();
  makeStore(folder);
  for (let file = 0; file <= 2_000; file += 1) write(folder, `config/${file}`, "");
  await expect(backUpSuite(folder)).rejects.toThrow("holds more than 2000 files or 64 MiB");
});

const onSmallDisk = canMountSmallDisk() ? test : test.skip;

onSmallDisk("a full disk ends a backup, and leaves the snapshots before it", async () => {
  using folder = temporaryFolder();
  using disk = mountSmallDisk();
  write(folder, "config/weir.yaml");
  makeStore(folder);
  const places = placesIn(folder.path);
  const options = { places, weir: "1.2.3", keep: null, clock: systemClock, signal: NEVER };
  const { snapshot } = await backUp({ ...options, folder: disk.path });
  write(folder, "config/large", "x".repeat(3_000_000));
  await expect(backUp({ ...options, folder: disk.path })).rejects.toThrow(
    `the disk of ${disk.path} is full`,
  );
  expect(readdirSync(join(disk.path, "snapshots"))).toEqual([`${snapshot}.json`]);
  expect(readdirSync(join(disk.path, "files"))).toHaveLength(2);
});

test("settings that name another store make no empty snapshot", async () => {
  using folder = temporaryFolder();
  write(folder, "config/weir.yaml");
  await expect(backUpSuite(folder)).rejects.toThrow("there is nothing to back up");
  mkdirSync(folder.file("data"));
  await expect(backUpSuite(folder)).rejects.toThrow("there is nothing to back up");
});

test("there is no state where there never was a backup", () => {
  using folder = temporaryFolder();
  expect(readBackupState(folder.file("weir.db"))).toBeNull();
});
