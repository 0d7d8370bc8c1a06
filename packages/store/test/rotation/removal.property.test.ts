import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type ClosedSegment, segmentsToRemove } from "../../src/retention/remove-segments.ts";

const NOW_US = 1_000_000;
const limit = fc.option(fc.integer({ min: 0, max: 2 * NOW_US }));

const closedSegments = fc
  .array(fc.record({ endUs: fc.integer({ min: 0, max: 2 * NOW_US }), bytes: fc.nat(NOW_US) }), {
    maxLength: 12,
  })
  .map((segments): ClosedSegment[] =>
    segments.map((segment, index) => ({ ...segment, name: `${index}`, file: `/${index}` })),
  );

const cases = fc.record({
  closed: closedSegments,
  liveBytes: fc.nat(NOW_US),
  freeDiskBytes: fc.nat(NOW_US),
  limits: fc.record({ ageCutoffUs: limit, bytesMax: limit, freeDiskBytesMin: limit }),
});

const sum = (segments: readonly ClosedSegment[]): number =>
  segments.reduce((bytes, segment) => bytes + segment.bytes, 0);

describe("what retention removes from a folder", () => {
  test("is always the oldest files, no more than the limits ask for, and no fewer", () => {
    fc.assert(
      fc.property(cases, ({ closed, liveBytes, freeDiskBytes, limits }) => {
        const bytes = sum(closed) + liveBytes;
        const facts = { closed, bytes, freeDiskBytes };
        const removed = segmentsToRemove(facts, { nowUs: NOW_US, ...limits });
        expect(removed).toEqual(closed.slice(0, removed.length));

        /** Whether the limits ask for the segment at `index`, once those before it are gone. */
        const isAskedFor = (index: number): boolean => {
          const gone = sum(closed.slice(0, index));
          const { ageCutoffUs, bytesMax, freeDiskBytesMin } = limits;
          const endUs = Math.min(NOW_US, ...closed.slice(index).map((segment) => segment.endUs));
          return (
            (ageCutoffUs !== null && endUs < ageCutoffUs) ||
            (bytesMax !== null && bytes - gone > bytesMax) ||
            (freeDiskBytesMin !== null && freeDiskBytes + gone < freeDiskBytesMin)
          );
        };
        for (const index of removed.keys()) expect(isAskedFor(index)).toBe(true);
        if (removed.length < closed.length) expect(isAskedFor(removed.length)).toBe(false);
      }),
    );
  });

  test("is a file that a clock far ahead has sealed, once those after it are old", () => {
    const [old, ahead, young] = [
      { name: "a", file: "/a", bytes: 1, endUs: 100 },
      { name: "b", file: "/b", bytes: 1, endUs: 9_000_000 },
      { name: "c", file: "/c", bytes: 1, endUs: 300 },
    ];
    const decide = (ageCutoffUs: number) =>
      segmentsToRemove(
        { closed: [old, ahead, young], bytes: 3, freeDiskBytes: 0 },
        { nowUs: 500, ageCutoffUs, bytesMax: null, freeDiskBytesMin: null },
      );
    expect(decide(200)).toEqual([old]);
    expect(decide(400)).toEqual([old, ahead, young]);
  });
});
