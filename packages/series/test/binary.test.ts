import { describe, expect, test } from "@jest/globals";
import { decodeCbor } from "../src/encodings/cbor.ts";
import { decodeMessagePack } from "../src/encodings/message-pack.ts";

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("CBOR", () => {
  // RFC 8949, appendix A.
  test.each<[string, unknown]>([
    ["00", 0],
    ["1903e8", 1_000],
    ["1b000000e8d4a51000", 1_000_000_000_000],
    ["1bffffffffffffffff", 2 ** 64],
    ["c249010000000000000000", 2 ** 64],
    ["3bffffffffffffffff", -(2 ** 64)],
    ["c349010000000000000000", -1 - 2 ** 64],
    ["3903e7", -1_000],
    ["f90001", 2 ** -24],
    ["f9fbff", -65_504],
    ["fa47c35000", 100_000],
    ["fb3ff199999999999a", 1.1],
    ["f97e00", null],
    ["fb7ff0000000000000", null],
    ["f6", null],
    ["f7", null],
    ["f0", undefined],
    ["f8ff", undefined],
    ["c11a514b67b0", "2013-03-21T20:04:00.000000Z"],
    ["c1fb41d452d9ec200000", "2013-03-21T20:04:00.500000Z"],
    ["d74401020304", undefined],
    ["c48221196ab3", 273.15],
    ["c5822003", 1.5],
    ["60", ""],
    ["64f0908591", "\u{10151}"],
    ["83018202039f0405ff", [1, [2, 3], [4, 5]]],
    ["a201020304", { 1: 2, 3: 4 }],
    ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
    ["7f657374726561646d696e67ff", "streaming"],
    ["d9d9f7a0", {}],
  ])("%s is decoded as in the standard's appendix", (hex, expected) => {
    expect(decodeCbor(bytesOf(hex))).toEqual(expected);
  });

  test.each([
    ["no bytes", ""],
    ["a byte too many", "0000"],
    ["a length that is not there", "5bffffffffffffffff00"],
    ["an array that was cut", "830102"],
    ["a break where nothing is open", "ff"],
    ["a break in an array with a length", "8101ff"],
    ["a break for a value", "bf6161ff"],
    ["a break behind a tag", "c1ff"],
    ["an integer without a length", "1f"],
    ["text in pieces of bytes", "7f4161ff"],
    ["reserved information", "1c"],
    ["a long form of true", "f815"],
    ["text that is not UTF-8", "62c328"],
    ["a key that is an array", "a18000"],
    ["arrays within arrays", "81".repeat(100_000)],
  ])("refuses %s", (_, hex) => {
    expect(decodeCbor(bytesOf(hex))).toBeUndefined();
  });

  test("has names of an object's own machinery", () => {
    const decoded = decodeCbor(bytesOf("a1695f5f70726f746f5f5f01"));
    expect(Object.entries(decoded as object)).toEqual([["__proto__", 1]]);
  });
});

describe("MessagePack", () => {
  test.each<[string, unknown]>([
    ["7f", 127],
    ["e0", -32],
    ["ccff", 255],
    ["cf0000000000000005", 5],
    ["d0df", -33],
    ["d3ffffffffffffffff", -1],
    ["ca3fc00000", 1.5],
    ["cb7ff8000000000000", null],
    ["c0", null],
    ["c2", false],
    ["a3616263", "abc"],
    ["d903616263", "abc"],
    ["c403010203", undefined],
    ["92019102", [1, [2]]],
    ["82a161010203", { a: 1, 2: 3 }],
    ["d6ff514b67b0", "2013-03-21T20:04:00.000000Z"],
    ["d7ff7735940151cb67b0", "2149-08-03T04:42:24.500000Z"],
    ["c70cff1dcd6500ffffffffffffffff", "1969-12-31T23:59:59.500000Z"],
    ["d40507", undefined],
  ])("%s is decoded", (hex, expected) => {
    expect(decodeMessagePack(bytesOf(hex))).toEqual(expected);
  });

  test.each([
    ["no bytes", ""],
    ["a byte too many", "0000"],
    ["what is never used", "c1"],
    ["a length that is not there", "ddffffffff"],
    ["bytes that are not there", "c6ffffffff00"],
    ["a map that was cut", "82a16101"],
    ["a key that is a map", "818000"],
    ["text that is not UTF-8", "a2c328"],
    ["arrays within arrays", "91".repeat(100_000)],
    ["large arrays within arrays", "dd0003ffff".repeat(50_000)],
  ])("refuses %s", (_, hex) => {
    expect(decodeMessagePack(bytesOf(hex))).toBeUndefined();
  });

  test("has names of an object's own machinery", () => {
    const decoded = decodeMessagePack(bytesOf("81a95f5f70726f746f5f5f01"));
    expect(Object.entries(decoded as object)).toEqual([["__proto__", 1]]);
  });
});
