import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { createFakeClock, createTestContext, START_US, temporaryFolder } from "@weir/testkit";
import { SeriesCatalogue, toContract } from "../../src/sources/catalogue-cache.ts";
import { catalogueMessage } from "../fixture.ts";

const topic = "zigbee2mqtt/kitchen";

function opened(indexFile: string) {
  const clock = createFakeClock();
  return { clock, catalogue: new SeriesCatalogue(indexFile, createTestContext(clock)) };
}

describe("the catalogue that all requests share", () => {
  test("is empty before there is one, and has each series with its device", () => {
    using folder = temporaryFolder();
    const indexFile = folder.file("index.db");
    const { clock, catalogue } = opened(indexFile);
    expect(catalogue.all()).toEqual([]);

    catalogueMessage(indexFile, 1, { topic, payload: { temperature: 21.5 } });
    clock.advance(1_000);
    expect(catalogue.all().map(toContract)).toEqual([
      expect.objectContaining({
        series: `home:${topic}#temperature`,
        device: { id: `home:${topic}`, name: "kitchen" },
        newestValue: 21.5,
        newestMs: (START_US + 1e6) / 1_000,
      }),
    ]);
    expect(catalogue.byName(`home:${topic}#temperature`)).toBe(catalogue.all()[0]);
    expect(catalogue.byName(`home:${topic}#humidity`)).toBeNull();
  });

  test("is read once a second at most, and only after a change", () => {
    using folder = temporaryFolder();
    const indexFile = folder.file("index.db");
    const { clock, catalogue } = opened(indexFile);
    catalogueMessage(indexFile, 1, { topic, payload: { temperature: 21 } });
    const first = catalogue.all();
    clock.advance(5_000);
    expect(catalogue.all()).toBe(first);

    catalogueMessage(indexFile, 2, { topic, payload: { temperature: 22 } });
    expect(catalogue.all()).toBe(first);
    clock.advance(1_000);
    expect(catalogue.all()[0]?.newestValue).toBe(22);
  });

  test("stays as it was while the file cannot be read, and goes on with what is in its place", () => {
    using folder = temporaryFolder();
    const indexFile = folder.file("index.db");
    const { clock, catalogue } = opened(indexFile);
    catalogueMessage(indexFile, 1, { topic, payload: { temperature: 21 } });
    const first = catalogue.all();

    writeFileSync(indexFile, "no database");
    clock.advance(1_000);
    expect(catalogue.all()).toBe(first);

    rmSync(indexFile);
    catalogueMessage(indexFile, 1, { topic, payload: { humidity: 50 } });
    clock.advance(1_000);
    expect(catalogue.all().map(({ path }) => path)).toEqual(["humidity"]);
  });

  test("says what is wrong where it never could be read", () => {
    using folder = temporaryFolder();
    const indexFile = folder.file("index.db");
    writeFileSync(indexFile, "no database");
    const { clock, catalogue } = opened(indexFile);
    expect(() => catalogue.all()).toThrow(/index\.db cannot be read/);
    // It is not looked at again so soon, and has no series for that.
    expect(() => catalogue.all()).toThrow(/index\.db cannot be read/);

    rmSync(indexFile);
    catalogueMessage(indexFile, 1, { topic, payload: { humidity: 50 } });
    clock.advance(1_000);
    expect(catalogue.all()).toHaveLength(1);
  });
});
