import { existsSync } from "node:fs";
import { describe, expect, jest, test } from "@jest/globals";
import { OUTCOMES } from "@weir/protocol";
import { type NewRow, type RangeQuery, readRange, type StreamPlace } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { archiveSegment } from "../../src/rotation/archive-segment.ts";
import { fillSegments, HOUR_US } from "./fixture.ts";

jest.setTimeout(180_000);

const SEGMENTS = 3;

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => Buffer.from(text)),
  fc.constant(Buffer.from('{"data":{"temperature":21.5}}')),
);
const topic = fc.oneof(
  fc.constantFrom("a", "a/b", "a/c", "devices/1/state", "ü/日本/\u{1f4a1}"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
);
const value = fc.option(fc.double({ noNaN: true }));
const observedUs = fc.option(fc.maxSafeInteger());

/** Rows in the order of their reception, as a clock writes it that is never set back. */
const rowsOfSegment = fc
  .array(
    fc.record({
      payload: payload.map((bytes) => Buffer.from(bytes)),
      topic,
      value,
      observedUs,
      qos: fc.constantFrom(0, 1, 2),
      retained: fc.boolean(),
      outcome: fc.oneof(fc.constantFrom(...OUTCOMES.map(({ code }) => code)), fc.constant(9_999)),
      stepUs: fc.nat(HOUR_US / 40),
    }),
    { maxLength: 40 },
  )
  .map((rows) => {
    let sinceUs = 0;
    return rows.map(({ stepUs, ...row }): NewRow => {
      sinceUs += stepUs;
      return { ...row, receivedUs: START_US + sinceUs, sequence: null, isFiltered: false };
    });
  });

const time = fc
  .integer({ min: -1, max: SEGMENTS * 60 })
  .map((minutes) => START_US + minutes * 60_000_000);
const query = fc.record(
  {
    fromUs: time,
    toUs: time,
    filters: fc.subarray(["a", "a/+", "devices/#", "+", "#"], { minLength: 1 }),
    limit: fc.nat(60),
    isThorough: fc.boolean(),
  },
  { requiredKeys: [] },
);

async function messagesOf(place: StreamPlace, asked: RangeQuery) {
  const pages = await Array.fromAsync(readRange(place, asked));
  expect(pages.flatMap(({ skipped }) => skipped)).toEqual([]);
  return pages.flatMap(({ messages }) => messages);
}

describe("an archive", () => {
  test("gives every message as the segment gave it, in every field, at the same cursors", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowsOfSegment, { minLength: SEGMENTS, maxLength: SEGMENTS }),
        fc.array(query, { minLength: 1, maxLength: 4 }),
        fc.subarray([0, 1, 2], { minLength: 1 }),
        fc.nat(120),
        async (segments, queries, archived, behind) => {
          using folder = temporaryFolder();
          const later = segments.map((rows, index) =>
            rows.map((row) => ({ ...row, receivedUs: row.receivedUs + index * HOUR_US })),
          );
          const files = fillSegments(folder.path, later);
          const place = { kind: "folder", folder: folder.path } as const;
          const all = await messagesOf(place, {});
          const after = all[Math.min(behind, all.length - 1)]?.cursor;
          const asked = [...queries, {}, after === undefined ? {} : { after }];
          const before = await Promise.all(asked.map((one) => messagesOf(place, one)));

          for (const index of archived) archiveSegment(files[index] as string);
          expect(files.map((file) => existsSync(file))).toEqual(
            files.map((_, index) => !archived.includes(index)),
          );
          for (const [index, one] of asked.entries()) {
            expect(await messagesOf(place, one)).toEqual(before[index]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
