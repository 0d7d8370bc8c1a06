import { describe, expect, test } from "@jest/globals";
import { takes } from "@weir/streams";
import { START_US } from "@weir/testkit";
import { createPace, isSameBroker, type PaceOptions, retopic } from "../src/replay.ts";
import { startHere } from "./fixture.ts";

const UNCAPPED = Number.POSITIVE_INFINITY;

/** When messages are sent, in milliseconds, if each is sent as soon as it may be. */
function sendTimes(receivedMs: readonly number[], options: PaceOptions): number[] {
  const pace = createPace(options);
  let nowMs = 5_000;
  return receivedMs.map((ms) => {
    nowMs += pace.waitMs(START_US + ms * 1_000, nowMs);
    return nowMs - 5_000;
  });
}

describe("the pace of a replay", () => {
  test("keeps the original gaps, from the first message on", () => {
    const received = [700, 700, 950, 60_950];
    expect(sendTimes(received, { speed: 1, gapMsMax: UNCAPPED })).toEqual([0, 0, 250, 60_250]);
  });

  test("scales them, and then caps them", () => {
    expect(sendTimes([0, 100, 60_100], { speed: 10, gapMsMax: 2_000 })).toEqual([0, 10, 2_010]);
    expect(sendTimes([0, 100], { speed: 0.5, gapMsMax: UNCAPPED })).toEqual([0, 200]);
  });

  test("has no gaps at all at full speed", () => {
    expect(sendTimes([0, 60_000], { speed: null, gapMsMax: UNCAPPED })).toEqual([0, 0]);
  });

  test("has none where the clock was set back, and goes on from there", () => {
    const received = [10_000, 4_000, 4_500];
    expect(sendTimes(received, { speed: 1, gapMsMax: UNCAPPED })).toEqual([0, 0, 500]);
  });

  test("makes up for a short delay, not for an outage", () => {
    const pace = createPace({ speed: 1, gapMsMax: UNCAPPED });
    const at = (receivedMs: number, nowMs: number) => pace.waitMs(receivedMs * 1_000, nowMs);
    expect(at(0, 0)).toBe(0);
    expect(at(100, 150)).toBe(0);
    expect(at(200, 150)).toBe(50);
    expect(at(300, 60_000)).toBe(0);
    expect(at(400, 60_000)).toBe(100);
  });
});

describe("the topics of a replay", () => {
  test("stay as they are, unless an option changes them", () => {
    expect(retopic("a/b", { root: "", rewrites: [] })).toBe("a/b");
  });

  test("get a root in front, behind which the beginning may be another", () => {
    const rewrites = [
      { from: "devices/", to: "old/" },
      { from: "d", to: "never" },
    ];
    expect(retopic("devices/1", { root: "replay/", rewrites })).toBe("replay/old/1");
    expect(retopic("a/devices/1", { root: "replay/", rewrites })).toBe("replay/a/devices/1");
  });

  test("are the stream's own where it would log them again", () => {
    const stream = { filters: ["devices/#", "DATA"], exclude: ["devices/+/secret"] };
    const own = ["devices/1/state", "DATA", "devices/1/secret", "replay/DATA"];
    expect(own.map((topic) => takes(stream, topic))).toEqual([true, true, false, false]);
  });

  test.each([
    ["mqtt://localhost", "mqtt://127.0.0.1:1883", true],
    ["mqtt://broker:1883", "mqtt://BROKER", true],
    ["mqtt://broker", "mqtt://broker:1884", false],
    ["mqtt://broker", "mqtt://other", false],
    ["mqtts://broker", "mqtts://broker:8883", true],
  ])("%s and %s are one broker: %s", (one, other, expected) => {
    const broker = (url: string) => ({ url, username: null, password: null });
    expect(isSameBroker(broker(one), broker(other))).toBe(expected);
  });
});

describe("the options of a replay", () => {
  const environment = { BROKER: "broker:1884", DB_FILE: "x.db" };
  const run = (...argv: string[]) =>
    startHere(["replay", "--stream", "data", ...argv], { environment }).ended;

  test.each([
    ["speed", "0"],
    ["speed", "fast"],
    ["max-gap", "10"],
    ["root", "$SYS/"],
    ["root", "a/#/"],
    ["rewrite", "nothing"],
    ["rewrite", "=b"],
    ["qos", "2"],
    ["broker", "http://broker"],
  ])("--%s %s is refused by name and value", async (option, value) => {
    const { code, err } = await run(`--${option}`, value);
    expect(code).toBe(78);
    expect(err).toContain(`--${option}: ${JSON.stringify(value)}`);
  });

  test("do not show the password of a broker that is refused", async () => {
    for (const url of [
      "mqtt://me:hunter2@b",
      "http://me:hunter2@b",
      "mqtt://me:hunter2%zz@b",
      "me:hunter2@b//x@y",
    ]) {
      const { code, err } = await run("--broker", url);
      expect({ code, err }).toEqual({ code: 78, err: expect.stringContaining("--broker: ") });
      expect(err).not.toContain("hunter2");
    }
  });
});
