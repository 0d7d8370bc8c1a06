import { expect, test } from "@jest/globals";
import { progressOf, withLife } from "../../pages/device/life.ts";
import type { CommandLife } from "../../src/contract/devices.ts";

const life = (given: Partial<CommandLife>): CommandLife => ({
  id: "1",
  device: "kitchen",
  name: "restart",
  by: null,
  sentMs: 1_000,
  expiresMs: null,
  acks: [],
  outcome: null,
  ...given,
});
const ack = (status: string, receivedMs: number, error?: string) => ({
  status,
  atMs: 0,
  receivedMs,
  ...(error === undefined ? {} : { error }),
});

test("a command is sent, received, running, and then done after some time", () => {
  const acks = [ack("received", 1_050), ack("running", 1_060), ack("done", 2_200)];
  expect(progressOf(life({}))).toEqual({ words: "sent", tone: "going", tookMs: null });
  expect(progressOf(life({ acks: acks.slice(0, 1) })).words).toBe("received");
  expect(progressOf(life({ acks: acks.slice(0, 2) })).words).toBe("running");
  expect(progressOf(life({ acks, outcome: "done" }))).toEqual({
    words: "done",
    tone: "ok",
    tookMs: 1_200,
  });
});

test("a command that fails says why", () => {
  const acks = [ack("rejected", 1_100, "payload: 0 is not allowed")];
  expect(progressOf(life({ acks, outcome: "rejected" }))).toEqual({
    words: "rejected: payload: 0 is not allowed",
    tone: "problem",
    tookMs: 100,
  });
});

test("a command that nothing answers is a problem", () => {
  expect(progressOf(life({ outcome: "no answer" }))).toEqual({
    words: "no answer",
    tone: "problem",
    tookMs: null,
  });
});

test("a list has each command once, the newest first", () => {
  const first = withLife([], life({}));
  const second = withLife(first, life({ id: "2", sentMs: 2_000 }));
  const third = withLife(second, life({ outcome: "done" }));
  expect(third.map(({ id, outcome }) => [id, outcome])).toEqual([
    ["2", null],
    ["1", "done"],
  ]);
});
