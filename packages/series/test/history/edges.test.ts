import { describe, expect, test } from "@jest/globals";
import { edgesOf } from "@weir/series";
import fc from "fast-check";

const us = (iso: string): number => Date.parse(iso) * 1_000;

/** The edges from the first bucket on, as clocks in the zone show them. */
function shown(from: string, to: string, bucketsMax: number, timeZone = "UTC") {
  const { step, us: edges } = edgesOf({ fromUs: us(from), toUs: us(to) }, bucketsMax, timeZone);
  const clock = (one: number) =>
    Temporal.Instant.fromEpochMilliseconds(one / 1_000)
      .toZonedDateTimeISO(timeZone)
      .toString({ timeZoneName: "never", smallestUnit: "minute" });
  return { step, edges: edges.slice(1).map(clock) };
}

describe("buckets", () => {
  test("have the shortest natural step of which so many hold the span", () => {
    const stepOf = (hours: number, bucketsMax: number) => {
      const fromUs = us("2026-11-02T00:00:00Z");
      return edgesOf({ fromUs, toUs: fromUs + hours * 3_600_000_000 }, bucketsMax, "UTC").step;
    };
    expect(stepOf(24, 24)).toBe("1h");
    expect(stepOf(24, 23)).toBe("2h");
    expect(stepOf(1, 60)).toBe("1m");
    expect(stepOf(1, 3_600)).toBe("1s");
    expect(stepOf(24 * 14, 2)).toBe("1w");
    expect(stepOf(24 * 365, 12)).toBe("3 months");
    expect(stepOf(24 * 365, 13)).toBe("1 month");
    expect(stepOf(24 * 365 * 30, 2)).toBe("100 years");
  });

  test("are whole: the first begins before the span where it must, the last ends behind it", () => {
    expect(shown("2026-11-26T10:05:00Z", "2026-11-26T12:05:00Z", 3)).toEqual({
      step: "1h",
      edges: [10, 11, 12, 13].map((hour) => `2026-11-26T${hour}:00+00:00`),
    });
  });

  test("of the last 24 hours touch 25 hours of the clock", () => {
    const span = ["2026-11-26T10:05:00Z", "2026-11-27T10:05:00Z"] as const;
    expect(shown(...span, 24).step).toBe("2h");
    expect(shown(...span, 25).step).toBe("1h");
  });

  test("one is the span itself", () => {
    const { step, edges } = shown("2026-11-26T10:05:00Z", "2026-11-26T12:07:00Z", 1);
    expect(step).toBeNull();
    expect(edges).toEqual(["2026-11-26T10:05+00:00", "2026-11-26T12:07+00:00"]);
  });

  test.each([
    // A day of 23 hours, one of 25, and both in steps that the change of the clocks cuts.
    ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23, "1h", 23],
    ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25, "1h", 25],
    ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 4, "6h", 4],
    ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 4, "6h", 4],
    ["2026-10-24T22:00:00Z", "2026-10-26T23:00:00Z", 2, "1d", 2],
    ["2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", 1, null, 1],
    ["2026-10-18T22:00:00Z", "2026-10-25T23:00:01Z", 2, "1w", 2],
  ])("from %s to %s, at most %d, in Berlin have a step of %s", (from, to, most, step, count) => {
    const found = shown(from, to, most, "Europe/Berlin");
    expect(found.step).toBe(step);
    expect(found.edges).toHaveLength(count + 1);
  });

  test("show the clock's own hours where the zone is half an hour off, and after a skipped midnight", () => {
    expect(shown("2026-11-26T10:00:00Z", "2026-11-26T12:00:00Z", 3, "Asia/Kolkata").edges).toEqual([
      "2026-11-26T15:00+05:30",
      "2026-11-26T16:00+05:30",
      "2026-11-26T17:00+05:30",
      "2026-11-26T18:00+05:30",
    ]);
    expect(shown("2026-09-06T03:00:00Z", "2026-09-06T09:00:00Z", 3, "America/Santiago")).toEqual({
      step: "3h",
      edges: [
        "2026-09-05T21:00-04:00",
        // The clocks go from 23:59 to 01:00.
        "2026-09-06T01:00-03:00",
        "2026-09-06T03:00-03:00",
        "2026-09-06T06:00-03:00",
      ],
    });
  });

  test("of a day begin at midnight again after one that was skipped", () => {
    expect(shown("2026-09-05T12:00:00Z", "2026-09-08T12:00:00Z", 4, "America/Santiago")).toEqual({
      step: "1d",
      edges: [
        "2026-09-05T00:00-04:00",
        "2026-09-06T01:00-03:00",
        "2026-09-07T00:00-03:00",
        "2026-09-08T00:00-03:00",
        "2026-09-09T00:00-03:00",
      ],
    });
  });

  test("hold any span, without a gap, and are at most so many", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: us("2100-01-01") }),
        fc.integer({ min: 0, max: 44 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(
          "UTC",
          "Europe/Berlin",
          "America/Santiago",
          "Australia/Lord_Howe",
          "Pacific/Apia",
          "America/Havana",
        ),
        (fromUs, magnitude, bucketsMax, timeZone) => {
          const toUs = fromUs + 2 ** magnitude;
          const [before, ...edges] = edgesOf({ fromUs, toUs }, bucketsMax, timeZone).us;
          expect(edges.length - 1).toBeLessThanOrEqual(bucketsMax);
          expect(edges[0]).toBeLessThanOrEqual(fromUs);
          expect(edges[1]).toBeGreaterThan(fromUs);
          expect(edges.at(-2)).toBeLessThan(toUs);
          expect(edges.at(-1)).toBeGreaterThanOrEqual(toUs);
          for (const [index, edge] of edges.entries()) {
            expect(edge).toBeGreaterThan(
              index === 0 ? (before as number) : (edges[index - 1] as number),
            );
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
