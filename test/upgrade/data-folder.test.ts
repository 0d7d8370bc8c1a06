import { mkdirSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { DASHBOARD_FORMAT, openDashboardFile } from "@weir/dashboard/database";
import { OUTBOX_FORMAT, openOutbox } from "@weir/delivery";
import { JOURNAL_FORMAT, openJournals } from "@weir/device-agent/journals";
import { type DatabaseFormat, Fault, readDatabaseFormat, systemClock } from "@weir/runtime";
import { Catalogue, INDEX_FORMAT, readCatalogue } from "@weir/series";
import { openSegmentedStore, readRange, SEGMENT_FORMAT, type StreamPlace } from "@weir/store";
import {
  openTestStore,
  readingAt,
  SEGMENT_FORMAT_1,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { openWorkflowsFile, WORKFLOWS_FORMAT } from "@weir/workflows/database";
import Sqlite from "better-sqlite3";

const SEGMENT = "devices/2026-01-01/devices-20260101T000000.000000Z.db";

const openDevices = (folder: TemporaryFolder) =>
  openSegmentedStore({
    folder: folder.file("devices"),
    stream: "devices",
    synchronous: "NORMAL",
    nowUs: START_US,
  });

interface Kind {
  file: string;
  format: DatabaseFormat;
  /** Opens it as its service does. */
  open: (folder: TemporaryFolder) => Disposable | AsyncDisposable;
}

function closing(database: { close: () => unknown }): Disposable {
  return { [Symbol.dispose]: () => void database.close() };
}

const outboxAt = (file: string) =>
  openOutbox({ file, publisher: "kitchen", onFault: () => {}, clock: systemClock });

/** Every kind of database that a suite keeps. */
const KINDS: readonly Kind[] = [
  { file: "weir.db", format: SEGMENT_FORMAT, open: (at) => openTestStore(at.file("weir.db")) },
  { file: SEGMENT, format: SEGMENT_FORMAT, open: openDevices },
  { file: "index.db", format: INDEX_FORMAT, open: (at) => new Catalogue(at.file("index.db")) },
  { file: "outbox.db", format: OUTBOX_FORMAT, open: (at) => outboxAt(at.file("outbox.db")) },
  {
    file: "device/journal.db",
    format: JOURNAL_FORMAT,
    open: (at) => openJournals(at.file("device/journal.db")),
  },
  {
    file: "dashboard.db",
    format: DASHBOARD_FORMAT,
    open: (at) => closing(openDashboardFile(at.file("dashboard.db"))),
  },
  {
    file: "workflows.db",
    format: WORKFLOWS_FORMAT,
    open: (at) => openWorkflowsFile(at.file("workflows.db")),
  },
];

async function openAndClose({ open }: Kind, folder: TemporaryFolder): Promise<void> {
  await using opened = new AsyncDisposableStack();
  opened.use(open(folder));
}

function change(file: string, sql: string): void {
  new Sqlite(file).exec(sql).close();
}

/** What differs from today's formats in the first ones that were released. */
const FIRST_INDEX = `
  DROP TABLE history_streams; DROP TABLE history_series; DROP TABLE files; DROP TABLE spans;
  DROP TABLE hours; DROP TABLE erased; DROP TABLE lost_files;
  INSERT INTO series (stream, topic, path, family, kind, points, first_us, newest_us, newest_value, received_us)
    VALUES ('home', 'home/meter', 'power', 'auto', 'gauge', 3, 1, 2, 90, 2);
  PRAGMA user_version = 1;`;
const FIRST_DASHBOARD = `
  DROP TABLE connections; DROP TABLE commands;
  INSERT INTO users (name, role, password, made_ms) VALUES ('ada', 'operator', 'hash', 1);
  PRAGMA user_version = 1;`;

/** The data of a suite as the first release left it, with a closed segment. */
async function makeFirstRelease(folder: TemporaryFolder): Promise<void> {
  mkdirSync(folder.file("device"));
  for (const kind of KINDS) await openAndClose(kind, folder);
  {
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US, 1), readingAt(START_US, 2)]);
    using devices = openDevices(folder);
    devices.append([readingAt(START_US, 3)]);
    devices.rotate(START_US + 60_000_000);
    devices.append([readingAt(START_US, 4)]);
  }
  for (const segment of readdirSync(dirname(folder.file(SEGMENT)))) {
    if (segment.endsWith(".db"))
      change(folder.file(`devices/2026-01-01/${segment}`), SEGMENT_FORMAT_1);
  }
  change(folder.file("weir.db"), SEGMENT_FORMAT_1);
  change(folder.file("index.db"), FIRST_INDEX);
  change(folder.file("dashboard.db"), FIRST_DASHBOARD);
}

async function rowsIn(place: StreamPlace): Promise<unknown[]> {
  const numbers: unknown[] = [];
  for await (const { messages } of readRange(place)) {
    for (const { payload } of messages)
      numbers.push(JSON.parse(Buffer.from(payload).toString()).number);
  }
  return numbers;
}

describe("the data of a suite", () => {
  test("of the first release is brought up to date by this one, with all that is in it", async () => {
    using folder = temporaryFolder();
    await makeFirstRelease(folder);
    for (const kind of KINDS) await openAndClose(kind, folder);
    for (const { file, format } of KINDS) {
      // A closed segment stays as it is, and is read as it is.
      if (file !== SEGMENT) expect(readDatabaseFormat(folder.file(file))).toEqual(format);
    }
    expect(await rowsIn({ kind: "file", file: folder.file("weir.db") })).toEqual([1, 2]);
    expect(await rowsIn({ kind: "folder", folder: folder.file("devices") })).toEqual([3, 4]);
    expect(readCatalogue(folder.file("index.db"))).toMatchObject([{ path: "power", points: 3 }]);
    const dashboard = new Sqlite(folder.file("dashboard.db"), { readonly: true });
    expect(dashboard.prepare("SELECT name FROM users").pluck().all()).toEqual(["ada"]);
    dashboard.close();
  });

  test.each(KINDS.map((kind) => [kind.file, kind] as const))(
    "of a newer release is refused and left as it is: %s",
    async (file, kind) => {
      using folder = temporaryFolder();
      mkdirSync(folder.file("device"));
      await openAndClose(kind, folder);
      change(folder.file(file), "PRAGMA user_version = 99");
      const fault: unknown = await openAndClose(kind, folder).catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(Fault);
      expect(fault).toMatchObject({
        message: `${folder.file(file)} has format version 99; this version of Weir reads up to ${kind.format.version}`,
        remedy: expect.stringContaining("Use the version of Weir that wrote it"),
        exitCode: 78,
      });
      expect(readDatabaseFormat(folder.file(file)).version).toBe(99);
    },
  );
});
