import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  DamagedFileFault,
  mergePoints,
  type Points,
  PointsFile,
  PointsFileWriter,
  readEveryPoint,
  type Span,
  type WrittenFile,
} from "@weir/series";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";

let folder: TemporaryFolder;
let file: string;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, "2026-11-27.000000001.parquet");
});

afterEach(() => folder[Symbol.dispose]());

interface Series {
  topic: string;
  path: string;
  points: Points;
}

function write(all: readonly Series[]): WrittenFile {
  using writer = new PointsFileWriter(file, { stream: "data" });
  for (const { topic, path, points } of all) writer.add(topic, path, points);
  return writer.finish();
}

function read({ spans }: WrittenFile): Series[] {
  using opened = new PointsFile(file);
  return spans.map(({ topic, path, location, rows }) => ({
    topic,
    path,
    points: opened.read(location, rows),
  }));
}

async function readAll(): Promise<Series[]> {
  return Array.fromAsync(readEveryPoint(file));
}

/** Fails at the first point that is another. Matchers take seconds for so many. */
function expectSame(found: readonly Series[], expected: readonly Series[]): void {
  const foundByName = byName(found);
  const expectedByName = byName(expected);
  expect([...foundByName.keys()].sort()).toEqual([...expectedByName.keys()].sort());
  for (const [name, { us, values }] of expectedByName) {
    const own = foundByName.get(name) as Points;
    // A negative zero may become zero.
    const isOther = (value: number, other = Number.NaN) => !Object.is(value + 0, other + 0);
    const other = us.findIndex(
      (time, index) =>
        own.us[index] !== time || isOther(values[index] as number, own.values[index]),
    );
    const pointsAt = ({ us: times, values: all }: Points) => [name, times[other], all[other]];
    if (other >= 0) expect(pointsAt(own)).toEqual(pointsAt({ us, values }));
    expect(own.us.length).toBe(us.length);
  }
}

/** The points of each series that has some: its parts come in the order of time. */
function byName(all: readonly Series[]): Map<string, Points> {
  const parts = Map.groupBy(all, ({ topic, path }) => JSON.stringify([topic, path]));
  const merged = [...parts].map(([name, of]): [string, Points] => [
    name,
    mergePoints(of.map(({ points }) => points)),
  ]);
  return new Map(merged.filter(([, { us }]) => us.length > 0));
}

const START_US = Date.parse("2026-11-27T10:00:00Z") * 1_000;

function pointsOf(rows: number, value: (index: number) => number, stepUs = 10_000_000): Points {
  return {
    us: Float64Array.from({ length: rows }, (_, index) => START_US + index * stepUs),
    values: Float64Array.from({ length: rows }, (_, index) => value(index)),
  };
}

const decimal = (index: number) => Math.round(20_000 + 500 * Math.sin(index / 50)) / 1_000;

const times = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -5_000, max: 5_000 }),
  fc.integer({ min: 0, max: 100_000 }).map((ms) => START_US + ms * 1_000),
);
const values = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, -0, 2 ** 50, -(2 ** 50), 2 ** 50 + 1, Number.MIN_VALUE, Number.MAX_VALUE),
  fc.tuple(fc.maxSafeInteger(), fc.nat(12)).map(([digits, scale]) => digits / 10 ** scale),
  fc.tuple(fc.integer(), fc.nat(9)).map(([digits, scale]) => digits / 10 ** scale),
);
const decimals = fc
  .nat(9)
  .chain((scale) => fc.maxSafeInteger().map((digits) => (digits % 2 ** 49) / 10 ** scale));
const anySeries = fc
  .record({
    // Some have the same name: they are parts of one series.
    topic: fc.oneof(fc.constant("a"), fc.string({ unit: "grapheme" })),
    path: fc.oneof(fc.constant("x"), fc.string()),
    pairs: fc.oneof(
      fc.array(fc.tuple(times, values), { maxLength: 300 }),
      fc.array(fc.tuple(times, decimals), { maxLength: 300, size: "max" }),
    ),
  })
  .map(({ topic, path, pairs }): Series => {
    const ordered = pairs.toSorted((one, other) => one[0] - other[0]);
    const us = Float64Array.from(ordered, ([time]) => time);
    return {
      topic,
      path,
      points: { us, values: Float64Array.from(ordered, ([, value]) => value) },
    };
  });

describe("a file of points", () => {
  test("gives back any points that were written, of any number of series", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anySeries, { maxLength: 12 }), async (all) => {
        const written = write(all);
        expectSame(read(written), all);
        expectSame(await readAll(), all);
        expect(written.rows).toBe(all.reduce((rows, { points }) => rows + points.us.length, 0));
      }),
      { numRuns: 100 },
    );
  });

  test("gives back series longer than a page and a row group, between short ones", async () => {
    const all = [
      { topic: "a", path: "short", points: pointsOf(3, decimal) },
      { topic: "a", path: "long", points: pointsOf(300_000, decimal, 50_001) },
      { topic: "b", path: "doubles", points: pointsOf(70_000, Math.sqrt, 1_000) },
      { topic: "c", path: "short", points: pointsOf(5, Math.sqrt) },
    ];
    const written = write(all);
    expectSame(read(written), all);
    expectSame(await readAll(), all);
    for (const span of written.spans) expect(span.rows).toBeLessThanOrEqual(65_536);
  });

  test("gives back a series that was added in parts", async () => {
    const whole = pointsOf(20_000, decimal);
    const part = (from: number, to: number) => ({
      topic: "a",
      path: "x",
      points: { us: whole.us.slice(from, to), values: whole.values.slice(from, to) },
    });
    const written = write([part(0, 9_000), part(9_000, 9_001), part(9_001, 20_000)]);
    expectSame(read(written), [{ topic: "a", path: "x", points: whole }]);
    expectSame(await readAll(), [{ topic: "a", path: "x", points: whole }]);
  });

  test("has the parts of a series in the order in which they came, whatever their pages hold", async () => {
    const topic = "a";
    const part = (path: string, value: number, micros = 0) => ({
      topic,
      path,
      points: {
        us: Float64Array.of(START_US, START_US + micros),
        values: Float64Array.of(value, 0),
      },
    });
    // Decimals, doubles and times with microseconds have pages of their own.
    const all = [
      part("x", 1),
      part("y", Math.PI),
      part("y", 2),
      part("x", Math.E),
      part("x", 3, 1),
      part("y", 4, 1),
      part("x", Math.SQRT2, 1),
      part("x", 5),
    ];
    const written = write(all);
    expectSame(read(written), all);
    expectSame(await readAll(), all);
    const byRow = written.spans.toSorted((one, other) => one.firstRow - other.firstRow);
    expectSame(read({ ...written, spans: byRow }), all);
  });

  test("has parts of a series that overlap in time, also where they share a page", async () => {
    const part = (us: number[], values: number[]) => ({
      topic: "a",
      path: "x",
      points: { us: Float64Array.from(us), values: Float64Array.from(values) },
    });
    const all = [part([0, START_US, START_US + 1], [7, 8, 9]), part([1, START_US], [5, 6])];
    const written = write(all);
    expectSame(read(written), all);
    expectSame(await readAll(), all);
  });

  test("gives back many series with long topics, in any order of reading", async () => {
    const all = Array.from({ length: 1_000 }, (_, index) => ({
      topic: `fleet/${"long".repeat(400)}/${index >> 1}/state`,
      path: `attribute${index & 1}`,
      points: pointsOf(30, index & 1 ? decimal : Math.sqrt, index & 2 ? 1_000_000 : 999_999),
    }));
    const written = write(all);
    const shuffled = written.spans.toSorted(
      (one, other) => (one.firstRow % 991) - (other.firstRow % 991),
    );
    expectSame(read({ ...written, spans: shuffled }), all);
    expectSame(await readAll(), all);
  });

  test("says of each span its times and its row, without a row left out", () => {
    const { spans, rows } = write([
      { topic: "a", path: "x", points: pointsOf(10_000, decimal) },
      { topic: "a", path: "y", points: pointsOf(20, Math.sqrt) },
      { topic: "b", path: "x", points: pointsOf(30, decimal, 1_001) },
    ]);
    const about = ({ topic, path, firstUs, lastUs, rows: own }: Span) => [
      topic,
      path,
      firstUs,
      lastUs,
      own,
    ];
    expect(spans.map(about)).toEqual([
      ["a", "x", START_US, START_US + 9_999 * 10_000_000, 10_000],
      ["a", "y", START_US, START_US + 19 * 10_000_000, 20],
      ["b", "x", START_US, START_US + 29 * 1_001, 30],
    ]);
    let next = 0;
    for (const span of spans.toSorted((one, other) => one.firstRow - other.firstRow)) {
      expect(span.firstRow).toBe(next);
      next += span.rows;
    }
    expect(next).toBe(rows);
  });

  test("takes less than two bytes a point of three decimals at uneven times", () => {
    let value = 20_000;
    let random = 1;
    const next = () => {
      random = (random * 48_271) % 2_147_483_647;
      return random / 2_147_483_647;
    };
    const points = pointsOf(8_640, () => {
      value += Math.round(20 * (next() - 0.5));
      return value / 1_000;
    });
    const us = points.us.map((time) => time + Math.floor(next() * 100) * 1_000);
    const { bytes, rows } = write(
      Array.from({ length: 40 }, (_, index) => ({
        topic: `t/${index}`,
        path: "value",
        points: { ...points, us },
      })),
    );
    expect(bytes / rows).toBeLessThan(2);
  });

  test("has its name only once it is finished, and leaves nothing behind if it never is", () => {
    {
      using writer = new PointsFileWriter(file, {});
      writer.add("a", "x", pointsOf(10, decimal));
      expect(existsSync(file)).toBe(false);
    }
    expect(readdirSync(folder.path)).toEqual([]);
    write([{ topic: "a", path: "x", points: pointsOf(10, decimal) }]);
    expect(readdirSync(folder.path)).toEqual(["2026-11-27.000000001.parquet"]);
  });

  test("leaves nothing behind when it cannot have its name", () => {
    mkdirSync(file);
    expect(() => write([{ topic: "a", path: "x", points: pointsOf(10, decimal) }])).toThrow(
      "rename",
    );
    expect(readdirSync(folder.path)).toEqual(["2026-11-27.000000001.parquet"]);
  });

  test("refuses points that are not in the order of time, and times between microseconds", () => {
    using writer = new PointsFileWriter(file, {});
    const add = (...us: number[]) => {
      writer.add("a", "x", { us: Float64Array.from(us), values: new Float64Array(us.length) });
    };
    expect(() => add(2, 1)).toThrow("a point of 1 us comes after one of 2 us");
    expect(() => add(0.5)).toThrow("0.5 is no time in whole microseconds");
  });
});

describe("a damaged file of points", () => {
  const all = [
    { topic: "a", path: "decimals", points: pointsOf(150, decimal, 999_999) },
    { topic: "a", path: "doubles", points: pointsOf(20, Math.sqrt) },
  ];

  test("is named when one of its bytes is another: points are never other ones", async () => {
    const written = write(all);
    const bytes = readFileSync(file);
    let found = 0;
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      writeFileSync(file, damaged);
      try {
        expectSame(read(written), all);
      } catch (error) {
        if (!(error instanceof DamagedFileFault)) throw error;
        expect(error.message).toContain(`${file} is damaged: the page at byte`);
        found++;
      }
      try {
        expectSame(await readAll(), all);
      } catch (error) {
        if (!(error instanceof DamagedFileFault)) throw error;
        expect(error.message).toContain(`${file} is damaged: `);
        found++;
      }
    }
    expect(found).toBeGreaterThan(bytes.length);
  });

  test("is named when it is cut off", async () => {
    const written = write(all);
    writeFileSync(file, readFileSync(file).subarray(0, 200));
    expect(() => read(written)).toThrow(`${file} is damaged: it ends before byte`);
    await expect(readAll()).rejects.toThrow(
      `${file} is damaged: it does not end as a file of Parquet does`,
    );
  });

  test("is another thing than one that is missing", async () => {
    expect(() => new PointsFile(file)).toThrow("ENOENT");
    await expect(readAll()).rejects.toMatchObject({ code: "ENOENT" });
  });
});
