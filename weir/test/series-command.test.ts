import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
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
      err: expect.stringContaining("no catalogue of series"),
    });
    const { out, err } = await startHere(["series", "nowhere"], { environment: storePlug(folder) })
      .ended;
    expect({ out, err }).toEqual({ out: "", err: "weir series: no series match\n" });
  });
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
