import { describe, expect, test } from "@jest/globals";
import {
  bucketsOf,
  edgesOfRange,
  FIRST_RANGE,
  presetOf,
  rangeQuery,
  readRange,
  selected,
  shifted,
  zoomed,
} from "../../pages/chart/range.ts";

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 27, 12);
const read = (query: string) => readRange(new URLSearchParams(query));

describe("the range of a chart", () => {
  test.each(["range=15m", "range=1h", "range=1y", "range=2700s", "from=1000000&to=2000000"])(
    "is kept in the address: %s",
    (query) => {
      expect(new URLSearchParams(rangeQuery(read(query))).toString()).toBe(query);
    },
  );

  test.each(["", "range=soon", "from=5&to=x", "from=9000000&to=1000000", "from=-1&to=1"])(
    "is the last hour where the address says nothing that can be read: %s",
    (query) => {
      expect(read(query)).toEqual(FIRST_RANGE);
    },
  );

  test("shifts by half of it, and slides once it reaches now", () => {
    const past = shifted({ spanMs: HOUR, toMs: null }, -1, NOW);
    expect(past).toEqual({ spanMs: HOUR, toMs: NOW - HOUR / 2 });
    expect(shifted(past, 1, NOW)).toEqual({ spanMs: HOUR, toMs: null });
  });

  test("zooms around its middle, or keeps its end now", () => {
    expect(zoomed({ spanMs: 2 * HOUR, toMs: NOW }, 0.5)).toEqual({
      spanMs: HOUR,
      toMs: NOW - HOUR / 2,
    });
    expect(presetOf(zoomed({ spanMs: 2 * HOUR, toMs: null }, 0.5))).toBe("1h");
  });

  test("is what a drag selects in either direction, ten seconds at least", () => {
    expect(selected(NOW, NOW - HOUR)).toEqual({ spanMs: HOUR, toMs: NOW });
    expect(selected(NOW, NOW)).toEqual({ spanMs: 10_000, toMs: NOW + 10_000 });
  });

  test("begins no earlier than the epoch", () => {
    expect(edgesOfRange({ spanMs: HOUR, toMs: 1_000 }, NOW)).toEqual({ fromMs: 0, toMs: 1_000 });
  });

  test("asks for as many buckets as can be seen, and for an hour by the minute", () => {
    expect(bucketsOf(FIRST_RANGE, 1_200)).toBe(61);
    expect(bucketsOf({ spanMs: 24 * HOUR, toMs: null }, 745)).toBe(350);
    expect(bucketsOf({ spanMs: 24 * HOUR, toMs: null }, 4_000)).toBe(600);
    expect(bucketsOf({ spanMs: 24 * HOUR, toMs: null }, 0)).toBe(50);
  });
});
