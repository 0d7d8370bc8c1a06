import { describe, expect, test } from "@jest/globals";
import { createTestDevice, give, rejected } from "./fixture.ts";

describe("set_deadband", () => {
  const ABSOLUTE = { kind: "absolute", width: 0.5 };
  test.each([
    [{ attribute: "walk", absolute: 0.5 }, [ABSOLUTE, undefined], { absolute: 0.5 }],
    ["walk 0.5", [ABSOLUTE, undefined], { absolute: 0.5 }],
    [
      { attribute: "walk", relative: 0.05, maxSilence: 300 },
      [{ kind: "relative", share: 0.05 }, 300_000],
      { relative: 0.05, maxSilenceSeconds: 300 },
    ],
    [
      { attribute: "walk", relative: "12.5%" },
      [{ kind: "relative", share: 0.125 }, undefined],
      { relative: 0.125 },
    ],
    [
      " walk  5%  10m ",
      [{ kind: "relative", share: 0.05 }, 600_000],
      { relative: 0.05, maxSilenceSeconds: 600 },
    ],
    [
      { attribute: "walk", none: true, maxSilence: "5m" },
      [null, 300_000],
      { none: true, maxSilenceSeconds: 300 },
    ],
    ["walk none", [null, undefined], { none: true }],
    ["walk 0 30", [{ kind: "absolute", width: 0 }, 30_000], { absolute: 0, maxSilenceSeconds: 30 }],
  ])("given %j sets that, and returns it", async (payload, set, result) => {
    const { device, calls } = createTestDevice();
    expect(await give(device, "set_deadband", payload)).toEqual({ attribute: "walk", ...result });
    expect(calls.deadbands).toEqual([["walk", ...set]]);
  });

  test.each([
    [
      { attribute: "walk", absolute: -1 },
      "payload.absolute: -1 is not allowed; it must be at least 0",
    ],
    [
      { attribute: "walk", relative: 5 },
      'payload.relative: 5 is not allowed; it must be a share from 0 to 1, or a percentage: 0.05, "5%"',
    ],
    [
      { attribute: "walk", relative: "101%" },
      'payload.relative: "101%" is not allowed; it must be a share from 0 to 1, or a percentage: 0.05, "5%"',
    ],
    [
      { attribute: "walk", absolute: "0.5" },
      'payload.absolute: "0.5" is not allowed; it must be a number',
    ],
    [{ absolute: 1 }, "payload.attribute: it is missing; it must be text"],
    [
      { attribute: "../walk", absolute: 1 },
      'payload.attribute: "../walk" is not allowed; it must be the name of an attribute',
    ],
    [
      { attribute: "walk", absolute: 1, shell: "rm" },
      'payload.shell: "rm" is not allowed; there is no such key; there are attribute, absolute, relative, none, maxSilence',
    ],
    [
      { attribute: "walk", none: true, maxSilence: "8d" },
      'payload.maxSilence: "8d" is not allowed; it must be seconds or a duration from 1s to 7d: 300, "5m"',
    ],
    [{ attribute: "walk", none: false }, "payload.none: false is not allowed; it must be true"],
    ["humidity none", 'there is no attribute "humidity"; the attributes are: walk, disk, cpu'],
  ])("given %j says what is wrong", async (payload, reason) => {
    const { device, calls } = createTestDevice();
    expect(await give(device, "set_deadband", payload)).toEqual(rejected(reason));
    expect(calls.deadbands).toEqual([]);
  });

  test.each([{ attribute: "walk" }, { attribute: "walk", absolute: 1, none: true }])(
    "given %j says that exactly one of three keys is needed",
    async (payload) => {
      const { device } = createTestDevice();
      const reason = /it must have exactly one of the keys absolute, relative and none$/;
      expect(await give(device, "set_deadband", payload)).toEqual(rejected(reason));
    },
  );

  test.each([
    "",
    "walk",
    "walk 500%",
    "walk -1",
    "walk NaN",
    "walk 1 99d",
    "walk 1 5m; rm",
    "walk 1e3",
  ])("given %j names the forms that are allowed", async (payload) => {
    const { device } = createTestDevice();
    const reason = /it must be like .+, "walk 0\.5", "walk 5% 10m" or "walk none"$/;
    expect(await give(device, "set_deadband", payload)).toEqual(rejected(reason));
  });

  test.each([null, 5, true, []])("given %j names the forms that are allowed", async (payload) => {
    const { device } = createTestDevice();
    const reason = /it must be like \{"attribute":"walk","absolute":0\.5/;
    expect(await give(device, "set_deadband", payload)).toEqual(rejected(reason));
  });
});
