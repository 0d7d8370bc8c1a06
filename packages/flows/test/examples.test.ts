import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { parseWorkflowFile } from "../src/files/workflow-file.ts";
import { StoredPast } from "./trial/stored-past.ts";
import { MINUTE_MS, START_MS, Workbench } from "./workbench.ts";

const FOLDER = fileURLToPath(new URL("../../../config/examples/workflows", import.meta.url));
const FILES = globSync(`${FOLDER}/*.yaml`).map((file) => basename(file, ".yaml"));
const textOf = (file: string): string => readFileSync(`${FOLDER}/${file}.yaml`, "utf8");
const DONE = { isDone: true, result: null } as const;
const HOUR_MS = 60 * MINUTE_MS;

/** The subjects of e-mails, or titles of notifications, that wait for being sent. */
function told({ effects }: ReturnType<Workbench["changes"]>): string[] {
  return effects.flatMap(({ effect }) => {
    if (effect.kind === "email") return [effect.subject];
    return effect.kind === "ntfy" ? [effect.title] : [];
  });
}

describe("the examples", () => {
  test.each(FILES)("%s is valid", (file) => {
    expect(parseWorkflowFile(textOf(file), file)).toMatchObject({ problems: [], invalid: [] });
  });

  test("send the note of a device that has come back, and of no other", () => {
    const bench = new Workbench(textOf("attic"));
    bench.connection("cellar", "connected", 0);
    bench.connection("attic", "connected", 1);
    bench.connection("attic", "disconnected", 2);
    expect(bench.changes().effects.map(({ effect }) => effect)).toMatchObject([
      { kind: "email", subject: "attic is connected", text: "there is no note" },
    ]);
  });

  test("look up a row when a button is pressed", () => {
    const bench = new Workbench(textOf("attic"));
    const button = { flow: "who-looks-after-it", node: "ask", by: "ada", payload: null };
    expect(bench.engine.press(button, START_MS)).not.toBeNull();
    const { runs, effects } = bench.changes();
    const shown = runs.flatMap(({ steps }) => steps).find(({ node }) => node === "show");
    expect(shown?.values).toMatchObject({ data: { person: { name: "Ada" } } });
    expect(effects).toEqual([]);
  });

  test("raise an alert for a warm freezer, and send an e-mail only by day", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, { historyMs: Number.POSITIVE_INFINITY });
    // The freezer is warm at 3 and at 13 o'clock in Berlin, and for a moment at 15.
    const warmFrom = [2, 12, 14].map((hour) => hour * 60);
    const warmFor = [30, 30, 5];
    past.store(
      Array.from({ length: 24 * 60 }, (_, minute) => ({
        topic: "zigbee2mqtt/freezer",
        payload: {
          temperature: warmFrom.some(
            (from, index) => minute >= from && minute < from + (warmFor[index] ?? 0),
          )
            ? -10
            : -18,
        },
        afterMs: minute * MINUTE_MS,
      })),
    );
    await past.keep();
    const { asked } = await past.try(textOf("freezer"));
    expect(asked.counts).toEqual({ alert: 2, email: 1 });
    expect(asked.fired.map(({ kind }) => kind)).toEqual(["alert", "alert", "email"]);
    for (const { what } of asked.fired) expect(what).toContain("Freezer is at -10 °C");
  });

  test("name each silent device, and say when it is back", () => {
    const bench = new Workbench(textOf("silent"));
    bench.message("zigbee2mqtt/hall", {}, 0);
    bench.message("zigbee2mqtt/attic", {}, 30 * MINUTE_MS);
    bench.advance(HOUR_MS);
    expect(told(bench.changes())).toEqual(["hall has been silent for an hour"]);
    bench.settle(DONE, HOUR_MS);
    bench.message("zigbee2mqtt/hall", {}, HOUR_MS + 1);
    expect(told(bench.changes())).toEqual(["hall sends again"]);
  });

  test("say that the disk is nearly full, once it has been for a time", () => {
    const bench = new Workbench(textOf("disk"));
    const disk = { kind: "system", about: "disk", usedPercent: 91, freeBytes: 1e9 } as const;
    bench.engine.take(disk, START_MS);
    bench.advance(5 * MINUTE_MS - 1);
    expect(bench.changes().alerts).toEqual([]);
    bench.advance(5 * MINUTE_MS);
    expect(told(bench.changes())).toEqual(["The disk is 91 % full"]);
    bench.engine.take({ ...disk, usedPercent: 60 }, START_MS + HOUR_MS);
    expect(bench.changes().alerts.map(({ state }) => state)).toEqual(["new", "cleared"]);
  });

  test("have one alert for each device with a low battery, and one e-mail for it a day", () => {
    const bench = new Workbench(textOf("battery"));
    for (const hour of [0, 1, 2]) {
      for (const device of ["hall", "attic"]) {
        bench.reading(`zigbee2mqtt/${device}#battery`, 8, 2 * hour * HOUR_MS);
        bench.reading(`zigbee2mqtt/${device}#battery`, 90, (2 * hour + 1) * HOUR_MS);
      }
    }
    expect(told(bench.changes())).toEqual(["hall: battery 8 %", "attic: battery 8 %"]);
    expect(bench.changes().alerts.filter(({ state }) => state === "new")).toHaveLength(6);
  });
});
