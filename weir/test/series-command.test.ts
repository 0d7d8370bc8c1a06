import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Catalogue, SeriesReader } from "@weir/series";
import { openSegmentedStore } from "@weir/store";
import { openTestStore, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import { startHere } from "./fixture.ts";
import { PLUG, storePlug } from "./plug.ts";

describe("weir series", () => {
  test("lists each series with its newest value, and finds by any of its texts", async () => {
    using folder = temporaryFolder();
    const environment = storePlug(folder);
    const all = await startHere(["series"], { environment }).ended;
    expect(all).toMatchObject({ code: 0, err: "" });
    expect(all.out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Power .* 42 W .* gauge/);
    expect(all.out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Total .* 10\.6 kWh .* counter/);
    const found = await startHere(["series", "power", "--json"], { environment }).ended;
    expect(JSON.parse(found.out)).toMatchObject({
      path: "ENERGY.Power",
      newestValue: 42,
      points: 2,
    });
  });

  test("says so when nothing matches, and when there is no catalogue", async () => {
    using folder = temporaryFolder();
    const environment = { DB_FILE: folder.file("weir.db"), WEIR_FILE: folder.file("weir.yaml") };
    writeFileSync(folder.file("weir.yaml"), "");
    const none = await startHere(["series"], { environment }).ended;
    expect(none).toMatchObject({
      code: 69,
      err: expect.stringContaining("start the suite, or stats once more"),
    });
    const { out, err } = await startHere(["series", "nowhere"], { environment: storePlug(folder) })
      .ended;
    expect({ out, err }).toEqual({ out: "", err: "weir series: no series match\n" });
  });
});

describe("a catalogue that cannot be read", () => {
  test.each([
    ["is damaged", "no database at all, and long enough to be taken for one", "cannot be read"],
    ["is another program's", "", "is no catalogue of series"],
  ])("that %s is named, with a remedy", async (_, content, words) => {
    using folder = temporaryFolder();
    const environment = storePlug(folder);
    const file = folder.file("index.db");
    for (const journal of ["", "-wal", "-shm"]) rmSync(file + journal, { force: true });
    if (content === "") openTestStore(file)[Symbol.dispose]();
    else writeFileSync(file, content);
    for (const command of [["series"], ["explain", PLUG]]) {
      const { code, err } = await startHere(command, { environment }).ended;
      expect(code).not.toBe(0);
      expect(err).toContain(`${file} ${words}`);
      expect(err.trim().split("\n")).toHaveLength(2);
    }
  });
});

test("one series with a long name does not fill the others' lines with spaces", async () => {
  using folder = temporaryFolder();
  const environment = storePlug(folder);
  {
    using catalogue = new Catalogue(folder.file("index.db"));
    const home = catalogue.stream("home");
    const row = { segment: "s", id: 9, receivedUs: START_US };
    const message = { ...row, topic: `tele/${"x".repeat(900)}`, payload: Buffer.from("1") };
    const reader = new SeriesReader({ series: "auto", skewUs: 0, timeZone: null, document: null });
    const source = { ...message, retained: false, observedUs: null };
    home.note(reader.read(source, home.memory.at(row)), row);
    catalogue.save();
  }
  const { out } = await startHere(["series"], { environment }).ended;
  const power = out.split("\n").find((line) => line.includes("ENERGY.Power")) ?? "";
  expect(power.length).toBeGreaterThan(20);
  expect(power.length).toBeLessThan(200);
});

describe("weir explain", () => {
  test("shows how the newest payloads of a topic are read, and what is not", async () => {
    using folder = temporaryFolder();
    const { code, out, err } = await startHere(["explain", PLUG], {
      environment: storePlug(folder),
    }).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("read by tasmota; time 2025-12-31T23:59:00.000000Z, from Time");
    expect(out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Power +42 W/);
    expect(out).toContain("not read: note (text)");
  });

  test("reads on where a segment is damaged", async () => {
    using folder = temporaryFolder();
    const environment = storePlug(folder);
    {
      using store = openSegmentedStore({
        folder: folder.file("home"),
        stream: "home",
        synchronous: "NORMAL",
        nowUs: START_US,
      });
      const { sealed } = store.rotate(START_US + 3_600_000_000);
      writeFileSync(sealed, "no database at all, and long enough to be taken for one");
      const row = rowOf("{}", START_US + 3_600_000_000);
      store.append([{ ...row, topic: PLUG, payload: Buffer.from('{"ENERGY":{"Power":7}}') }]);
    }
    const { code, out, err } = await startHere(["explain", PLUG], { environment }).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Power +7 W/);
  });

  test("names the streams when nothing is stored of a topic", async () => {
    using folder = temporaryFolder();
    const { code, err } = await startHere(["explain", "tele/other"], {
      environment: storePlug(folder),
    }).ended;
    expect(code).toBe(69);
    expect(err).toContain('nothing is stored of the topic "tele/other"');
    expect(err).toContain("data, devices, home");
  });
});
