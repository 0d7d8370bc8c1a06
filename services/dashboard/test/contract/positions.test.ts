import { describe, expect, test } from "@jest/globals";
import { decodePositions, encodePositions } from "../../src/contract/positions.ts";

describe("positions as text", () => {
  test("survive the way to a client and back, in characters that need no escapes", () => {
    const positions = new Map([
      ["home", { segment: "20260101T000000Z.db", id: 17 }],
      ["küche/√", { segment: "weir.db", id: 0 }],
    ]);
    const text = encodePositions(positions);
    expect(text).toMatch(/^[\w-]+$/);
    expect(decodePositions(text)).toEqual(positions);
    expect(decodePositions(encodePositions(new Map()))).toEqual(new Map());
  });

  test.each([
    "",
    "no position",
    "%00",
    Buffer.from('{"home":1}').toString("base64url"),
    Buffer.from('[["home","weir.db",-1]]').toString("base64url"),
    Buffer.from('[["home","weir.db",1.5]]').toString("base64url"),
    "A".repeat(16_385),
  ])("are refused in any other form: %j", (text) => {
    expect(decodePositions(text)).toBeNull();
  });
});
