import { describe, expect, test } from "@jest/globals";
import { connectionOfRow } from "../../src/node/presence.ts";

const row = (topic: string, payload: string, retained = false) =>
  connectionOfRow({ stream: "home", topic, payload: Buffer.from(payload), retained });

describe("a stored birth or will", () => {
  test.each([
    ["devices/kitchen/availability", "online", "home:devices/kitchen connected"],
    ["devices/kitchen/availability", "offline", "home:devices/kitchen disconnected"],
    ["zigbee2mqtt/lamp/availability", '{"state":"offline"}', "home:zigbee2mqtt/lamp disconnected"],
    ["tele/washer/LWT", "Online", "home:washer connected"],
    ["shellies/plug/online", "false", "home:shellies/plug disconnected"],
  ])("says of %s: %s who has come or gone", (topic, payload, words) => {
    const heard = row(topic, payload);
    expect(`${heard?.device} ${heard?.event}`).toBe(words);
  });

  test.each(["", "23.5", "[]", "x".repeat(1_000)])("is not %j", (payload) => {
    expect(row("garage/status", payload)).toBeNull();
  });

  test("says when it is the broker's copy", () => {
    const copies = [true, false].map((retained) => row("tele/washer/LWT", "Online", retained));
    expect(copies.map((heard) => heard?.isCopy)).toEqual([true, false]);
  });
});
