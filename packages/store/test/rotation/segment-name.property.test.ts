import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { nextSegmentName, parseSegmentName, segmentName } from "../../src/rotation/make-segment.ts";

const LAST_US = Date.UTC(2254, 0, 1) * 1_000;
const inWeirsTime = fc.integer({ min: 0, max: LAST_US });
const streams = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);

function split(name: string): { day: string; entry: string } {
  const [day = "", entry = ""] = name.split("/");
  return { day, entry };
}

describe("a segment's name", () => {
  test("is read back to the microsecond, with what stands behind it", () => {
    fc.assert(
      fc.property(
        streams,
        inWeirsTime,
        fc.constantFrom("", "-wal", ".making"),
        (stream, namedUs, suffix) => {
          const segment = segmentName(stream, namedUs);
          const { day, entry } = split(segment.name + suffix);
          expect(parseSegmentName(stream, { day, entry })).toEqual({ ...segment, suffix });
        },
      ),
    );
  });

  test("is none of another stream's", () => {
    fc.assert(
      fc.property(streams, streams, inWeirsTime, (stream, other, namedUs) => {
        fc.pre(stream !== other);
        expect(parseSegmentName(other, split(segmentName(stream, namedUs).name))).toBeNull();
      }),
    );
  });

  test("comes after every one before it, whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(inWeirsTime, { minLength: 2, maxLength: 20 }), (clock) => {
        let newestUs: number | null = null;
        const names: string[] = [];
        for (const nowUs of clock) {
          const next = nextSegmentName("data", { nowUs, newestUs });
          newestUs = next.namedUs;
          names.push(next.name);
        }
        expect(names).toEqual([...new Set(names)].toSorted());
      }),
    );
  });

  test("that claims a time beyond what can be counted is passed over", () => {
    const { day, entry } = split("9999-01-01/data-99990101T000000.000000Z.db");
    expect(parseSegmentName("data", { day, entry })).toBeNull();
  });
});
