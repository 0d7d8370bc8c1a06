import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { readBackupState } from "@weir/backup";
import {
  eventually,
  openTestStore,
  readingAt,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { startHere, startProcess } from "./fixture.ts";

/** A suite that has stored two rows, and its settings. */
function makeSuite(folder: TemporaryFolder): Record<string, string> {
  const storeFile = folder.file("data/weir.db");
  using store = openTestStore(storeFile);
  store.append([readingAt(START_US, 1), readingAt(START_US, 2)]);
  mkdirSync(folder.file("config"));
  writeFileSync(folder.file("config/weir.yaml"), "streams: {}\n");
  return settingsAt(folder.path);
}

function settingsAt(folder: string): Record<string, string> {
  return {
    DB_FILE: `${folder}/data/weir.db`,
    PUBLISHER_OUTBOX_FILE: `${folder}/data/outbox.db`,
    DEVICE_FOLDER: `${folder}/data/device`,
    WEIR_FILE: `${folder}/config/weir.yaml`,
    AGENT_FILE: `${folder}/config/agent.yaml`,
    WORKFLOWS_FOLDER: `${folder}/config/workflows`,
    WORKFLOWS_SECRETS_FOLDER: `${folder}/config/keys`,
    LOG_FORMAT: "json",
  };
}

describe("weir backup and weir restore", () => {
  test("take a snapshot, list it, check it, and put it where other settings name the places", async () => {
    using folder = temporaryFolder();
    const env = makeSuite(folder);
    const backups = folder.file("backups");
    const taken = await startHere(["backup", backups, "--verify"], { environment: env }).ended;
    expect(taken).toMatchObject({ code: 0, err: "" });
    const [, name = ""] = /^snapshot (\S+): 2 files, [\d,]+ bytes, of which/.exec(taken.out) ?? [];
    expect(readBackupState(env.DB_FILE ?? "")).toMatchObject({ snapshot: name, problem: null });

    const listed = await startHere(["restore", backups, "--list"], { environment: env }).ended;
    expect(listed.out).toContain(name);
    const whole = await startHere(["restore", backups, "--verify"], { environment: env }).ended;
    expect(whole.out).toMatch(`snapshot ${name} is whole: 2 files`);

    const elsewhere = settingsAt(folder.file("new"));
    // Not there yet: it comes with the snapshot.
    const restored = await startHere(["restore", backups], { environment: elsewhere }).ended;
    expect(restored).toMatchObject({ code: 0, err: "" });
    const { out } = await startHere(["export", "--stream", "data"], { environment: elsewhere })
      .ended;
    expect(out.trim().split("\n")).toHaveLength(3);
    const again = await startHere(["restore", backups, "--snapshot", "20200101T000000.000Z"], {
      environment: env,
    }).ended;
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining("has no snapshot 2020") });
  });

  test("--every goes on after a failure, which the log, the state and the exit code show", async () => {
    using folder = temporaryFolder();
    const env = makeSuite(folder);
    const backups = folder.file("backups");
    writeFileSync(backups, "in the way");
    const { child, ended } = startProcess(["backup", backups, "--every", "1d"], {
      cwd: folder.path,
      env,
    });
    const state = await eventually(() => readBackupState(env.DB_FILE ?? ""));
    expect(state).toMatchObject({ snapshot: null, endedMs: null, everyMs: 86_400_000 });
    expect(state.problem).toContain(`${backups} cannot be written`);
    child.kill("SIGTERM");
    const { code, err } = await ended;
    expect(code).toBe(1);
    expect(err).toContain("the backup has failed");
  });

  test("--every makes the first one at once, and none where the newest is young enough", async () => {
    using folder = temporaryFolder();
    const env = makeSuite(folder);
    const backups = folder.file("backups");
    const first = startProcess(["backup", backups, "--every", "1d"], { cwd: folder.path, env });
    await eventually(() => readBackupState(env.DB_FILE ?? ""));
    first.child.kill("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0 });
    const second = startProcess(["backup", backups, "--every", "1d"], { cwd: folder.path, env });
    let err = "";
    second.child.stderr.on("data", (text: Buffer) => {
      err += text;
    });
    await eventually(() => err.includes("young enough"));
    second.child.kill("SIGTERM");
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(readdirSync(`${backups}/snapshots`)).toHaveLength(1);
  });

  test("--every does not wait for a snapshot of a clock that was wrong, and says so", async () => {
    using folder = temporaryFolder();
    const env = makeSuite(folder);
    const backups = folder.file("backups");
    mkdirSync(`${backups}/snapshots`, { recursive: true });
    writeFileSync(`${backups}/snapshots/20990101T000000.000Z.json`, "{}");
    const { child, ended } = startProcess(["backup", backups, "--every", "1d"], {
      cwd: folder.path,
      env,
    });
    const state = await eventually(() => readBackupState(env.DB_FILE ?? ""));
    expect(state.problem).toContain("has a snapshot of 20990101T000000.000Z");
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 1, err: expect.stringContaining("Set the clock") });
  });
});
