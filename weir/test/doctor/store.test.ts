import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { writeBackupState } from "@weir/backup";
import { openOutbox } from "@weir/delivery";
import { Gauge, systemClock } from "@weir/runtime";
import { openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { doctor, startReporting } from "./fixture.ts";

test("a store that is written at this moment has a format that this version reads", async () => {
  using folder = temporaryFolder();
  using store = openTestStore(folder.file("weir.db"));
  store.append([readingAt(START_US)]);
  const { of } = await doctor(folder);
  expect(of("store")).toEqual([
    expect.objectContaining({
      state: "ok",
      found: "1 databases, all of formats that this version reads",
    }),
  ]);
});

function change(file: string, sql: string): void {
  const database = new Sqlite(file);
  database.exec(sql);
  database.close();
}

test("a file of a newer version, of another program, or damaged is wrong", async () => {
  using folder = temporaryFolder();
  openTestStore(folder.file("weir.db"))[Symbol.dispose]();
  change(folder.file("weir.db"), "PRAGMA user_version = 99");
  change(folder.file("dashboard.db"), "PRAGMA application_id = 12345; CREATE TABLE a (b)");
  writeFileSync(
    folder.file("workflows.db"),
    "not SQLite, but long enough to be looked at".repeat(9),
  );
  writeFileSync(folder.file("index.db.damaged-20260101T000000000Z"), "");
  const { code, of } = await doctor(folder);
  expect(code).toBe(1);
  expect(of("store").map(({ state, found }) => [state, found])).toEqual([
    [
      "wrong",
      `${folder.file("weir.db")} has format version 99; this version of Weir reads up to 2`,
    ],
    ["wrong", `${folder.file("dashboard.db")} belongs to another program`],
    ["wrong", expect.stringMatching(/workflows\.db cannot be read: .*not a database/)],
    ["look", expect.stringMatching(/^1 damaged files were set aside in .*index\.db\.damaged-/)],
  ]);
});

test("messages that wait in an outbox are counted while it is open, and looked at after a minute", async () => {
  using folder = temporaryFolder();
  const file = folder.file("outbox.db");
  await using outbox = openOutbox({
    file,
    publisher: "kitchen",
    onFault: (fault) => {
      throw fault;
    },
    clock: systemClock,
  });
  await outbox.accept("DATA", { number: 1 });
  await outbox.accept("DATA", { number: 2 });
  const now = await doctor(folder);
  expect(now.of("outboxes")).toMatchObject([
    {
      state: "ok",
      found: expect.stringContaining(`2 messages wait in ${file}, the oldest since 2`),
    },
  ]);
  const later = { ...systemClock, now: () => Date.now() + 120_000 };
  const { of } = await doctor(folder, { clock: later });
  expect(of("outboxes")).toMatchObject([{ state: "look" }]);
  const muchLater = { ...systemClock, now: () => Date.now() + 6 * 86_400_000 };
  const { code, of: ofLater } = await doctor(folder, { clock: muchLater });
  expect({ code, state: ofLater("outboxes")[0]?.state }).toEqual({ code: 1, state: "wrong" });
});

test("a publisher with another disk says what waits in its outbox", async () => {
  using folder = temporaryFolder();
  const waiting = async (rows: number) => {
    await using publisher = await startReporting(
      (health) => health.check("broker").pass(),
      (registry) =>
        new Gauge({
          name: "weir_publisher_outbox_rows",
          help: "Readings that are not confirmed yet.",
          registers: [registry],
        }).set(rows),
    );
    const environment = { DASHBOARD_SERVICES: `publisher=${publisher.url}` };
    return (await doctor(folder, { environment })).of("outboxes");
  };
  expect(await waiting(12)).toMatchObject([
    { state: "ok", found: "12 messages wait in the outbox of the publisher" },
  ]);
  expect(await waiting(50_000)).toMatchObject([{ state: "look" }]);
});

test("a backup is missing, was made, is late, or has failed", async () => {
  using folder = temporaryFolder();
  const storeFile = folder.file("weir.db");
  const lookAt = async () => (await doctor(folder)).of("backup")[0];
  expect(await lookAt()).toMatchObject({ state: "ok", found: "nothing is stored yet" });
  openTestStore(storeFile)[Symbol.dispose]();
  expect(await lookAt()).toMatchObject({ state: "look", found: "there is none" });
  const now = Date.now();
  const made = { folder: "/mnt/usb", snapshot: "a", endedMs: now, triedMs: now, problem: null };
  const [hourMs, dayMs] = [3_600_000, 86_400_000];
  writeBackupState(storeFile, { ...made, everyMs: dayMs });
  expect(await lookAt()).toMatchObject({ state: "ok", found: expect.stringContaining("/mnt/usb") });
  writeBackupState(storeFile, { ...made, endedMs: now - 3 * hourMs, everyMs: hourMs });
  expect(await lookAt()).toMatchObject({
    state: "wrong",
    found: expect.stringContaining("the next one is overdue: "),
  });
  writeBackupState(storeFile, { ...made, endedMs: now - 9 * dayMs, everyMs: null });
  expect(await lookAt()).toMatchObject({ state: "look" });
  writeBackupState(storeFile, { ...made, problem: "no space left", everyMs: dayMs });
  expect(await lookAt()).toMatchObject({
    state: "wrong",
    found: expect.stringMatching(/to \/mnt\/usb has failed: no space left$/),
  });
});
