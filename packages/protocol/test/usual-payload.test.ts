import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readUsualPayload } from "../src/reading.ts";

const read = (text: string) => readUsualPayload(Buffer.from(text));

/** What JSON makes of it, with the time as a number. */
function readByJson(text: string): unknown {
  const record = JSON.parse(text);
  return { ...record, epochtime: Number(record.epochtime) };
}

describe("the usual payload", () => {
  test("is read as an outbox writes it", () => {
    const record = { number: 42, epochtime: "1795207143", publisher: "p", epoch: "e1", seq: 7 };
    expect(read(JSON.stringify(record))).toEqual({ ...record, epochtime: 1_795_207_143 });
  });

  test("is read without a sequence, too", () => {
    expect(read('{"number":-1.5,"epochtime":"1"}')).toEqual({ number: -1.5, epochtime: 1 });
  });

  test.each([
    '{"number":01,"epochtime":"1"}',
    '{"number":1.,"epochtime":"1"}',
    '{"number":.5,"epochtime":"1"}',
    '{"number":-,"epochtime":"1"}',
    '{"number":1e3,"epochtime":"1"}',
    '{"number":1234567890123456,"epochtime":"1"}',
    '{"number":1,"epochtime":"01"}',
    '{"number":1,"epochtime":""}',
    '{"number":1,"epochtime":"1"} ',
    '{"number":1,"epochtime":"1"',
    '{"number":1,"epochtime":"1","publisher":"a\\u0062","epoch":"e","seq":1}',
    '{"number":1,"epochtime":"1","publisher":"ä","epoch":"e","seq":1}',
    '{"number":1,"epochtime":"1","publisher":"p","epoch":"e","seq":1,"more":1}',
    '{"number":1,"epochtime":"1","publisher":"p","epoch":"e","seq":-1}',
    '{ "number":1,"epochtime":"1"}',
    "",
    "{",
  ])("leaves %s to JSON", (text) => {
    expect(read(text)).toBeNull();
  });

  test("is what JSON makes of it, or left to it", () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.integer({ min: -99_999, max: 99_999 }).map((cents) => cents / 100),
    );
    const name = fc.string({ maxLength: 70 });
    const plain = fc.record({ number, epochtime: fc.nat().map(String) });
    const place = fc.record({ publisher: name, epoch: name, seq: fc.maxSafeNat() });
    const record = fc.oneof(
      plain,
      fc.tuple(plain, place).map(([reading, sequence]) => ({ ...reading, ...sequence })),
    );
    fc.assert(
      fc.property(record, (one) => {
        const text = JSON.stringify(one);
        const usual = read(text);
        if (usual !== null) expect(usual).toEqual(readByJson(text));
      }),
      { numRuns: 5_000 },
    );
  });

  test("is nothing that JSON does not take", () => {
    const valid = '{"number":12.5,"epochtime":"1795207143","publisher":"p","epoch":"e","seq":7}';
    const edits = fc.array(
      fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255), drops: fc.boolean() }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(edits, (changes) => {
        const bytes = [...Buffer.from(valid)];
        for (const { at, byte, drops } of changes) bytes.splice(at, 1, ...(drops ? [] : [byte]));
        const usual = readUsualPayload(Buffer.from(bytes));
        if (usual !== null) expect(usual).toEqual(readByJson(Buffer.from(bytes).toString()));
      }),
      { numRuns: 5_000 },
    );
  });
});
