import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { bytesAfter, bytesInTheEnd, FORECAST_DAYS, forecast, type Stock } from "../src/forecast.ts";

const limitDays = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Number.POSITIVE_INFINITY));

const stocks: fc.Arbitrary<Stock> = fc
  .record({
    bytes: fc.nat(1_000),
    days: fc.integer({ min: 1, max: 30 }),
    archivedBytes: fc.nat(1_000),
    archivedMore: fc.integer({ min: 1, max: 30 }),
    bytesADay: fc.nat(100),
    keptDays: limitDays,
    archiveAfterDays: limitDays,
    archiveShare: fc.double({ min: 0, max: 1, noNaN: true }),
    bytesMax: fc.option(fc.nat(2_000)),
    freeDiskBytesMin: fc.constant(null),
  })
  .map(({ archivedMore, ...stock }) => ({ ...stock, archivedDays: stock.days + archivedMore }));

/** Each day by itself: one cohort for each day of age, which grows older, is archived and goes. */
function simulated(stock: Stock, days: number): number {
  const { keptDays, archiveAfterDays, archiveShare } = stock;
  let cohorts = [
    ...Array.from({ length: stock.days }, (_, age) => ({
      age,
      bytes: stock.bytes / stock.days,
      live: true,
    })),
    ...Array.from({ length: stock.archivedDays - stock.days }, (_, index) => ({
      age: stock.days + index,
      bytes: stock.archivedBytes / (stock.archivedDays - stock.days),
      live: false,
    })),
  ];
  for (let day = 0; day <= days; day += 1) {
    if (day > 0) {
      for (const cohort of cohorts) cohort.age += 1;
      cohorts.push({ age: 0, bytes: stock.bytesADay, live: true });
    }
    for (const cohort of cohorts) {
      if (!cohort.live || cohort.age < archiveAfterDays) continue;
      cohort.live = false;
      cohort.bytes *= archiveShare;
    }
    cohorts = cohorts.filter(({ age }) => age < keptDays);
  }
  const bytes = cohorts.reduce((sum, one) => sum + one.bytes, 0);
  return Math.min(bytes, stock.bytesMax ?? Number.POSITIVE_INFINITY);
}

describe("the size of a stock", () => {
  test("is that of a simulation of each day", () => {
    fc.assert(
      fc.property(stocks, fc.integer({ min: 0, max: 90 }), (stock, days) => {
        expect(bytesAfter(stock, days)).toBeCloseTo(simulated(stock, days), 6);
      }),
    );
  });

  test("ends where other settings say that it ends", () => {
    fc.assert(
      fc.property(stocks, (stock) => {
        fc.pre(Number.isFinite(stock.keptDays));
        const end = bytesInTheEnd(stock.bytesADay, stock);
        expect(bytesAfter({ ...stock, bytesMax: null }, 1_000)).toBeCloseTo(end, 6);
      }),
    );
  });
});

describe("the disk", () => {
  const stock: Stock = {
    bytes: 1_000,
    days: 10,
    archivedBytes: 0,
    archivedDays: 10,
    bytesADay: 100,
    keptDays: Number.POSITIVE_INFINITY,
    archiveAfterDays: Number.POSITIVE_INFINITY,
    archiveShare: 0.1,
    bytesMax: null,
    freeDiskBytesMin: null,
  };

  test("is full when what comes has used what is free", () => {
    expect(forecast(5_000, [stock]).fullAfterDays).toBe(50);
    expect(forecast(5_000, [stock, { ...stock, bytesADay: 900 }]).fullAfterDays).toBe(5);
  });

  test("is never full of a stream that retention bounds", () => {
    expect(forecast(5_000, [{ ...stock, keptDays: 50 }]).fullAfterDays).toBeNull();
    expect(forecast(3_999, [{ ...stock, keptDays: 50 }]).fullAfterDays).toBe(40);
    expect(forecast(5_000, [{ ...stock, bytesMax: 4_000 }]).fullAfterDays).toBeNull();
  });

  test("fills more slowly with an archive", () => {
    const { fullAfterDays } = forecast(5_000, [{ ...stock, archiveAfterDays: 10 }]);
    expect(fullAfterDays).toBe(500);
  });

  test("is kept free by the oldest messages of a stream, until there are none left", () => {
    const giving = { ...stock, freeDiskBytesMin: 2_000 };
    expect(forecast(5_000, [giving])).toEqual({ fullAfterDays: null, makesWayAfterDays: 31 });
    const other = { ...stock, bytesADay: 500 };
    const { fullAfterDays } = forecast(5_000, [giving, other]);
    // Both have room for all that is free, and for what the one gives up.
    expect(fullAfterDays).toBe(12);
  });

  test("is not foreseen beyond ten years", () => {
    expect(forecast(100 * FORECAST_DAYS + 1, [stock]).fullAfterDays).toBeNull();
  });
});
