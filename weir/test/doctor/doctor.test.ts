import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import { canMountSmallDisk, freePort, mountSmallDisk, temporaryFolder } from "@weir/testkit";
import { startHere, startProcess } from "../fixture.ts";
import { doctor, startForeign, startReporting } from "./fixture.ts";

describe("weir doctor", () => {
  test("finds nothing wrong where no suite runs", async () => {
    using folder = temporaryFolder();
    const { code, err, counts, findings, of } = await doctor(folder);
    expect(findings.filter(({ state }) => state === "wrong")).toEqual([]);
    expect({ code, err, wrong: counts.wrong }).toEqual({ code: 0, err: "", wrong: 0 });
    expect(of("services")).toEqual([
      expect.objectContaining({ state: "look", found: "the suite does not run" }),
    ]);
    expect(of("broker")).toEqual([
      expect.objectContaining({
        state: "look",
        found: expect.stringMatching(/^no connection to mqtt:\/\/localhost:\d+: .*ECONNREFUSED/),
      }),
    ]);
    for (const check of ["configuration", "versions", "clock", "disk", "permissions"]) {
      expect(of(check)).toContainEqual(expect.objectContaining({ state: "ok", remedy: null }));
    }
  });

  test("prints a line for each finding, the remedy below, and the sums", async () => {
    using folder = temporaryFolder();
    const environment = { DB_FILE: folder.file("weir.db"), BROKER_PORT: "1", TOPIC: "#" };
    const { code, out } = await startHere(["doctor"], { environment }).ended;
    expect(code).toBe(1);
    expect(out).toMatch(/^wrong {2}configuration {2}TOPIC: "#".*\n {22}-> Correct it in \.env/m);
    expect(out).toMatch(/^look {3}broker {9}not looked at, because the configuration is wrong$/m);
    expect(out).toMatch(/\n\d+ ok, \d+ to look at, \d+ wrong\n$/);
  });

  test("names a problem in .env, and looks at the rest all the same", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file(".env"), 'TOPIC="unfinished\n');
    const { code, out } = await startProcess(["doctor"], { cwd: folder.path }).ended;
    expect(code).toBe(1);
    expect(out).toMatch(/^wrong {2}configuration {2}\.env:1: /m);
    expect(out).toMatch(/^ok {5}versions {7}Node\.js /m);
  });

  test("shows a setting that is probably misspelled", async () => {
    using folder = temporaryFolder();
    const { code, of } = await doctor(folder, { environment: { BROKER_USRNAME: "me" } });
    expect(code).toBe(0);
    expect(of("configuration")[1]).toMatchObject({
      state: "look",
      found: expect.stringContaining("did you mean BROKER_USERNAME"),
    });
  });
});

describe("services", () => {
  test("are ready, not ready with the reason, or away", async () => {
    using folder = temporaryFolder();
    await using logger = await startReporting((health) =>
      health.check("store").pass(["slow disk"]),
    );
    await using stats = await startReporting((health) => health.check("store").fail("disk full"));
    await using workflows = await startReporting((health) => health.check("store").pass());
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const DASHBOARD_SERVICES = [
      `logger=${logger.url}`,
      `stats=${stats.url}`,
      `workflows=${workflows.url}`,
      `publisher=${nowhere}`,
      `dashboard=${nowhere}`,
    ].join(",");
    const { code, of } = await doctor(folder, { environment: { DASHBOARD_SERVICES } });
    expect(code).toBe(1);
    expect(of("services").map(({ state, found }) => [state, found])).toEqual([
      ["look", "logger: slow disk"],
      ["wrong", "stats is not ready: store: disk full"],
      ["ok", `workflows is ready (${workflows.url})`],
      ["look", `publisher does not answer at ${nowhere}: nothing listens there`],
      ["wrong", `dashboard does not answer at ${nowhere}: nothing listens there`],
    ]);
  });

  test("are not missed where the suite is to have none", async () => {
    using folder = temporaryFolder();
    await using logger = await startReporting((health) => health.check("store").pass());
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const DASHBOARD_SERVICES = `logger=${logger.url},publisher=${nowhere},device-agent=${nowhere}`;
    const { of } = await doctor(folder, { environment: { DASHBOARD_SERVICES, DEMO_DEVICE: "0" } });
    expect(of("services").map(({ state, found }) => [state, found.split(" ")[0]])).toEqual([
      ["ok", "logger"],
      ["look", "publisher"],
    ]);
  });

  test("lose their port to another program", async () => {
    using folder = temporaryFolder();
    await using foreign = await startForeign();
    const environment = { DASHBOARD_SERVICES: `stats-printer=${foreign.url}` };
    const { code, of } = await doctor(folder, { environment });
    expect(code).toBe(1);
    expect(of("services").at(-1)).toMatchObject({
      state: "wrong",
      found: `${foreign.url}, the address of stats-printer, is taken: another program answers there`,
      remedy: expect.stringContaining("STATS_PRINTER_HTTP_PORT"),
    });
  });

  test("hang: it is not another program's port that is to be looked for first", async () => {
    using folder = temporaryFolder();
    await using silent = await startForeign({ hangs: true });
    const environment = { DASHBOARD_SERVICES: `stats=${silent.url}` };
    const { code, of } = await doctor(folder, { environment });
    expect(code).toBe(1);
    expect(of("services").at(-1)).toMatchObject({
      state: "wrong",
      found: expect.stringContaining("stats hangs, or is very busy: no answer within 2 s"),
      remedy: expect.stringContaining("docker compose restart stats"),
    });
  });
});

describe("the clock", () => {
  test("is behind where the store was written later", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("weir.db"), "");
    const later = new Date(Date.now() + 3_600_000);
    utimesSync(folder.file("weir.db"), later, later);
    const { code, of } = await doctor(folder);
    expect(code).toBe(1);
    expect(of("clock")).toEqual([
      expect.objectContaining({
        state: "wrong",
        found: expect.stringMatching(/^it is \S+Z here, but the store was written at \S+Z$/),
      }),
    ]);
  });

  test("is behind where Weir itself is newer, as on a machine without a battery", async () => {
    using folder = temporaryFolder();
    const clock = { ...systemClock, now: () => Date.UTC(1970, 0, 1) };
    const { of } = await doctor(folder, { clock });
    expect(of("clock")[0]?.found).toMatch(/^it is 1970-.* but the files of Weir were written at 2/);
  });

  test("differs from that of a service on another machine", async () => {
    using folder = temporaryFolder();
    await using logger = await startReporting((health) => health.check("store").pass());
    const clock = { ...systemClock, now: () => Date.now() + 60_000 };
    const environment = { DASHBOARD_SERVICES: `logger=${logger.url}` };
    const { of } = await doctor(folder, { environment, clock });
    expect(of("clock")[0]?.found).toMatch(/^the clock of logger is \d\d s behind/);
  });
});

describe("the disk", () => {
  const onSmallDisk = canMountSmallDisk() ? test : test.skip;

  onSmallDisk("is nearly full, or does not outlive the machine", async () => {
    using disk = mountSmallDisk();
    using folder = temporaryFolder();
    const environment = { DB_FILE: `${disk.path}/weir.db` };
    const { code, of } = await doctor(folder, { environment });
    expect(code).toBe(1);
    expect(of("disk").slice(0, 2)).toEqual([
      expect.objectContaining({
        state: "look",
        found: `${disk.path} is in memory: a restart of the machine empties it`,
      }),
      expect.objectContaining({
        state: "wrong",
        found: expect.stringMatching(/ 0\.0 GB of 0\.0 GB free \(\d+%\)$/),
      }),
    ]);
  });
});

describe("permissions", () => {
  test("are missing where another user has made the store", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("data"));
    chmodSync(folder.file("data"), 0o555);
    chmodSync(folder.path, 0o755);
    // Permissions do not bind the administrator.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    const { code, out } = await startProcess(["doctor"], {
      cwd: folder.path,
      env: { BROKER_PORT: "1" },
      ...nobody,
    }).ended;
    expect(code).toBe(1);
    expect(out).toMatch(/^wrong {2}permissions {4}DB_FILE: this user may not write to \S+\/data$/m);
    expect(out).toMatch(/^ok {5}disk {11}/m);
  });

  test("of the secrets are for their owner alone", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("secrets"));
    chmodSync(folder.file("secrets"), 0o755);
    const { code, of } = await doctor(folder);
    expect(code).toBe(0);
    expect(of("permissions")[0]).toMatchObject({
      state: "look",
      remedy: `Close it: chmod 700 ${folder.file("secrets")}`,
    });
  });
});
