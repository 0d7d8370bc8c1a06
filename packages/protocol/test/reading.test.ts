import { describe, expect, test } from "@jest/globals";
import {
  decodeReading,
  decodeRecord,
  isName,
  NUMBER_MAGNITUDE_MAX,
  PAYLOAD_BYTES_MAX,
} from "@weir/protocol";
import fc from "fast-check";
import { z } from "zod";

/** The payload of DATA as schemas, which the faster checks are compared with. */
const dataPayload = z.object({
  // JSON's 1e999 is an infinite number: out of range, which is another reason than unreadable.
  number: z.union([z.number(), z.literal([Infinity, -Infinity]), z.string()]),
  epochtime: z.unknown().optional(),
});
const name = z.string().refine(isName);
const sequenceFields = z.object({ publisher: name, epoch: name, seq: z.int().positive() });

const RECEIVED_US = 1_795_207_200_000_000;
const SKEW_US = 60_000_000;
const TIMES = { receivedUs: RECEIVED_US, skewUs: SKEW_US };

const decode = (payload: string | Buffer) => decodeReading(Buffer.from(payload), TIMES);

describe("a payload of DATA", () => {
  test("as the old publisher sent it is a reading", () => {
    expect(decode('{"number": 42, "epochtime": "1795207143"}')).toEqual({
      outcome: { code: 0, kind: "reading", reason: "" },
      value: 42,
      observedUs: 1_795_207_143_000_000,
      sequence: null,
    });
  });

  test("from an outbox has its place in a sequence, also when it is rejected", () => {
    const place = { publisher: "kitchen", epoch: "e1", seq: 7 };
    expect(decode(JSON.stringify({ number: 1, epochtime: 1, ...place })).sequence).toEqual(place);
    expect(decode(JSON.stringify({ number: "x", ...place }))).toMatchObject({
      outcome: { kind: "rejected" },
      sequence: place,
    });
  });

  test.each([
    ["a publisher that is a filter", { publisher: "#", epoch: "e", seq: 1 }],
    ["a publisher that is a path", { publisher: "../x", epoch: "e", seq: 1 }],
    ["a publisher of 70 kB", { publisher: "x".repeat(70_000), epoch: "e", seq: 1 }],
    ["an epoch with NUL", { publisher: "p", epoch: "\0", seq: 1 }],
    ["seq 0", { publisher: "p", epoch: "e", seq: 0 }],
    ["a negative seq", { publisher: "p", epoch: "e", seq: -1 }],
    ["a fractional seq", { publisher: "p", epoch: "e", seq: 1.5 }],
    ["seq 2^53", { publisher: "p", epoch: "e", seq: 2 ** 53 }],
    ["seq as text", { publisher: "p", epoch: "e", seq: "1" }],
  ])("with %s keeps its value, flagged, without a place", (_, place) => {
    const payload = JSON.stringify({ number: 1, epochtime: 1795207143, ...place });
    expect(decode(payload)).toMatchObject({
      outcome: { kind: "flagged", reason: "publisher, epoch or seq unusable" },
      value: 1,
      sequence: null,
    });
  });

  test.each([
    ['"42"', 42],
    ['" -4.5e1 "', -45],
    ["1e15", NUMBER_MAGNITUDE_MAX],
    ["0", 0],
  ])("may have the number %s", (number, value) => {
    expect(decode(`{"number":${number},"epochtime":1795207143}`).value).toBe(value);
  });

  test("may have further fields", () => {
    const { outcome } = decode('{"number":1,"epochtime":1795207143,"publisher":"p","deep":[[{}]]}');
    expect(outcome.kind).toBe("reading");
  });

  test.each([
    ["no time", '{"number":1}', "time missing or unreadable"],
    ["an unreadable time", '{"number":1,"epochtime":"soon"}', "time missing or unreadable"],
    [
      "a time further ahead than the skew",
      `{"number":1,"epochtime":${(RECEIVED_US + SKEW_US + 1e6) / 1e6}}`,
      "time in the future",
    ],
  ])("with %s counts at its reception, flagged", (_, payload, reason) => {
    expect(decode(payload)).toMatchObject({
      outcome: { kind: "flagged", reason },
      value: 1,
      observedUs: RECEIVED_US,
    });
  });

  test("with a time just within the skew keeps it", () => {
    const observedUs = RECEIVED_US + SKEW_US;
    const decoded = decode(`{"number":1,"epochtime":${observedUs / 1e6}}`);
    expect(decoded).toMatchObject({ outcome: { kind: "reading" }, observedUs });
  });

  test.each([
    ["truncated", '{"number":1,"epoch', "not JSON"],
    ["10,000 levels deep", `${"[".repeat(10_000)}${"]".repeat(10_000)}`, "not a JSON object"],
    ["NaN", '{"number":NaN,"epochtime":1}', "number unreadable"],
    ["NaN as text", '{"number":"NaN","epochtime":1}', "number unreadable"],
    ["a bare number", "42", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["too large a number", '{"number":1e16}', "number out of range"],
    ["a number larger than any double", '{"number":1e999}', "number out of range"],
    ["hexadecimal text", '{"number":"0x10"}', "number unreadable"],
    ["a number in __proto__", '{"__proto__":{"number":1}}', "number missing"],
    ["a true number", '{"number":true}', "number unreadable"],
  ])("that is %s is rejected with its reason", (_, payload, reason) => {
    expect(decode(payload)).toEqual({
      outcome: expect.objectContaining({ kind: "rejected", reason }),
      value: null,
      observedUs: null,
      sequence: null,
    });
  });

  test("that is empty deletes what was retained, and is no rejection", () => {
    expect(decode("")).toEqual({
      outcome: expect.objectContaining({ kind: "deletion", reason: "empty message" }),
      value: null,
      observedUs: null,
      sequence: null,
    });
  });

  test("with NaN beside its number counts, flagged", () => {
    expect(decode('{"number":1,"epochtime":1795207143,"humidity":NaN}')).toMatchObject({
      outcome: { kind: "flagged", reason: "NaN or infinity in JSON" },
      value: 1,
    });
  });

  test("that is not UTF-8 is rejected", () => {
    expect(decode(Buffer.from([0x7b, 0xff, 0x7d])).outcome.reason).toBe("not UTF-8");
  });

  test("may hold the character that stands for what is not UTF-8", () => {
    expect(decode('{"number":1,"epochtime":1,"\uFFFD":0}').value).toBe(1);
  });

  test("is decoded up to the size limit and no further", () => {
    const sized = (bytes: number) => '{"number":1,"epochtime":1}'.padEnd(bytes);
    expect(decode(sized(PAYLOAD_BYTES_MAX)).value).toBe(1);
    expect(decode(sized(PAYLOAD_BYTES_MAX + 1)).outcome.reason).toBe("payload too large");
  });

  test("of any bytes has an outcome, and a finite value exactly if it was not rejected", () => {
    const payloads = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(json)),
      fc
        .record({ number: fc.anything(), epochtime: fc.anything() })
        .map((record) =>
          Buffer.from(JSON.stringify(record, (_, v) => (typeof v === "bigint" ? `${v}` : v))),
        ),
    );
    fc.assert(
      fc.property(payloads, (payload) => {
        const { outcome, value, observedUs } = decodeReading(payload, TIMES);
        const isReading = outcome.kind === "reading" || outcome.kind === "flagged";
        expect(Number.isFinite(value)).toBe(isReading);
        expect(Number.isSafeInteger(observedUs)).toBe(isReading);
      }),
    );
  });
});

describe("the quick checks of a payload", () => {
  const odd = fc.oneof(
    fc.constantFrom(undefined, null, "", "1", "x".repeat(65), "a/b", 0, -1, 1.5, 2 ** 53, true),
    fc.constantFrom(Infinity, -Infinity, [], {}),
    fc.string({ maxLength: 70 }),
    fc.integer(),
  );
  const records = fc.record({ number: odd, publisher: odd, epoch: odd, seq: odd });

  test("find a number and a sequence exactly where the schemas do", () => {
    fc.assert(
      fc.property(records, (record) => {
        const { outcome, sequence } = decodeRecord(record, TIMES);
        const hasNumber = dataPayload.safeParse(record).success;
        if (!hasNumber) expect(outcome.reason).toMatch(/^number (missing|unreadable)$/);
        else expect(outcome.reason).not.toBe("number missing");
        const parsed = sequenceFields.safeParse(record);
        expect(sequence).toEqual(parsed.success ? parsed.data : null);
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });
});
