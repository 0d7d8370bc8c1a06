import { expect, test } from "@jest/globals";
import { createFormat } from "../../pages/format.ts";
import { statusLine } from "../../pages/shell/status-line.ts";
import type { Status } from "../../src/contract/status.ts";

const format = createFormat("en-GB", "UTC");
const NOON = Date.parse("2026-11-27T12:03:27Z");

function line(changes: Partial<Status>, awaySinceMs: number | null = null) {
  const status: Status = {
    state: "stored",
    nowMs: NOON,
    newestMs: NOON - 12_000,
    behindRows: 0,
    broker: { isConnected: true, sinceMs: NOON - 3_600_000, reason: null },
    missing: 0,
    auditedMs: NOON - 30_000,
    ...changes,
  };
  return statusLine(status, awaySinceMs, NOON, format);
}

test("all stored, with the age of the newest message by the second", () => {
  expect(line({})).toEqual({ tone: "ok", words: "all stored", more: "12 s ago" });
  expect(line({ newestMs: NOON - 1_000 }).more).toBe("1 s ago");
  expect(line({ newestMs: NOON + 400 }).more).toBe("0 s ago");
  expect(line({ newestMs: NOON - 7_200_000 }).more).toBe("10:03");
  expect(line({ newestMs: null }).more).toBeNull();
});

test("what is wrong comes with its number or its time", () => {
  expect(line({ state: "behind", behindRows: 1_203 })).toMatchObject({
    tone: "attention",
    words: "behind by 1,203",
  });
  expect(line({ state: "missing", missing: 3 })).toMatchObject({
    tone: "problem",
    words: "3 missing",
  });
  const broker = { isConnected: false, sinceMs: NOON - 60_000, reason: "refused" };
  expect(line({ state: "broker away", broker })).toEqual({
    tone: "problem",
    words: "broker away",
    more: "since 12:02",
  });
  expect(line({ state: "logger away" })).toEqual({
    tone: "problem",
    words: "logger away",
    more: "newest 12 s ago",
  });
  expect(line({ state: "unknown" })).toMatchObject({ tone: "quiet", words: "not judged yet" });
});

test("a server that does not answer wins: what it said before is not of now", () => {
  expect(line({}, NOON - 60_000)).toEqual({
    tone: "attention",
    words: "server away",
    more: "since 12:02",
  });
  expect(statusLine(null, null, NOON, format)).toMatchObject({ tone: "quiet" });
});
