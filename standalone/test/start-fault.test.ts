import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect, jest, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { freePort, temporaryFolder } from "@weir/testkit";
import { hasTable, PATIENT, startSuite, takePort } from "./fixture.ts";

jest.setTimeout(300_000);

/** Runs the suite until it ends by itself. */
async function fail(environment: Record<string, string>, args: readonly string[] = []) {
  using folder = temporaryFolder();
  await using suite = await startSuite({ folder: folder.path, environment, args });
  const code = await suite.ended;
  return { code, said: suite.said(), left: suite.parts() };
}

describe("the suite says what is wrong, what to do, and ends with", () => {
  test("69 when the broker's port is taken", async () => {
    await using taken = await takePort();
    const { code, said, left } = await fail({ BROKER_PORT: String(taken.port) });
    expect(code).toBe(69);
    expect(said).toContain(`port ${taken.port} on 127.0.0.1 is taken by another program`);
    expect(said).toContain("End that program, or set BROKER_PORT to a free port.");
    expect(left).toEqual({});
  });

  test("69 when a broker has the port, which it names, and how to use it", async () => {
    await using broker = await startBroker();
    const { code, said } = await fail({ BROKER_PORT: String(broker.port) });
    expect(code).toBe(69);
    expect(said).toContain(
      `port ${broker.port} on 127.0.0.1 is taken by a broker (aedes, as npm start brings it)`,
    );
    expect(said).toContain(`BROKER=localhost:${broker.port} npm start uses that broker.`);
  });

  test("75 when another suite writes the logs, which stay as they are, or the store", async () => {
    using folder = temporaryFolder();
    await using first = await startSuite({ folder: folder.path, program: PATIENT });
    await hasTable(first);
    await using second = await startSuite({ folder: folder.path });
    expect(await second.ended).toBe(75);
    expect(second.said()).toContain("another npm start writes its logs to");
    expect(readdirSync(folder.file("data/logs")).filter((file) => file.endsWith(".old"))).toEqual(
      [],
    );

    const { code, said } = await fail({ DB_FILE: folder.file("data/weir.db") });
    expect(code).toBe(75);
    expect(said).toContain("another logger is writing");
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
  });

  test("warnings for a clock that is behind, and a name in .env that resembles a setting", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("data"));
    writeFileSync(folder.file("data/index.db"), "");
    utimesSync(folder.file("data/index.db"), new Date(), new Date("2100-01-01"));
    writeFileSync(folder.file(".env"), "LOGGER_RETENTION_MINUTE=5\n");
    await using taken = await takePort();
    const environment = { BROKER_PORT: String(taken.port) };
    await using suite = await startSuite({ folder: folder.path, environment });
    expect(await suite.ended).toBe(69);
    expect(suite.said()).toContain(
      "weir: warning: .env:1: LOGGER_RETENTION_MINUTE is not a setting; did you mean LOGGER_RETENTION_MINUTES?",
    );
    expect(suite.said()).toMatch(
      /warning: it is \S+Z here, but the store was written at 2100-01-01T00:00:00Z\. Set the clock/,
    );
  });

  test("69 when the port of the pages is taken, before anything starts", async () => {
    await using taken = await takePort();
    const { code, said } = await fail({ DASHBOARD_PORT: String(taken.port) });
    expect(code).toBe(69);
    expect(said).toContain(`port ${taken.port} on 127.0.0.1, that of the pages, is taken`);
    expect(said).toContain("set DASHBOARD_PORT to a free port");
    expect(said).not.toContain("starting");
  });

  test("69 when a port of a service is taken", async () => {
    await using taken = await takePort();
    const { code, said, left } = await fail({ STATS_HTTP_PORT: String(taken.port) });
    expect(code).toBe(69);
    expect(said).toContain(`port ${taken.port} on 127.0.0.1 is taken`);
    expect(said).toContain("Set STATS_HTTP_PORT to a free port");
    expect(left).toEqual({});
  });

  test("69 when the user's own broker does not answer", async () => {
    const port = await freePort();
    const { code, said } = await fail({ BROKER_URL: `mqtt://127.0.0.1:${port}` });
    expect(code).toBe(69);
    expect(said).toContain(`there is no broker at 127.0.0.1:${port} (ECONNREFUSED)`);
    expect(said).toContain("without both the suite brings its own broker");
  });

  test("73 when the folder of the store cannot be written", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("file"), "");
    const { code, said } = await fail({ DB_FILE: folder.file("file/weir.db") });
    expect(code).toBe(73);
    expect(said).toContain("name another place in DB_FILE");
  });

  test("78 when no file can be made where the store is to be", async () => {
    const { code, said } = await fail({ DB_FILE: "/proc/weir/weir.db" });
    expect(code).toBe(78);
    expect(said).toContain("DB_FILE: no file can be made in /proc/weir");
    expect(said).toContain("Name a place on a disk in DB_FILE.");
  });

  test("78 when settings are wrong, of every process at once", async () => {
    const { code, said } = await fail({
      BROKER_PORT: "none",
      LOGGER_RETENTION_MINUTES: "soon",
      PUBLISHER_NUMBER_MIN: "200",
      STATS_INTERVAL_MS: "-1",
      STATS_PRINTER_FORMAT: "xml",
    });
    expect(code).toBe(78);
    expect(said).toContain("the configuration has 5 problem(s)");
    expect(said).toContain('BROKER_PORT: "none" is not allowed');
    expect(said).toContain("PUBLISHER_NUMBER_MIN: 200 is more than");
  });

  test("78 for an option that there is not", async () => {
    const { code, said } = await fail({}, ["--colour"]);
    expect(code).toBe(78);
    expect(said).toContain("See npm start -- --help.");
  });
});
