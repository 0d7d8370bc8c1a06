import { describe, expect, test } from "@jest/globals";
import { createFakeClock, eventually, temporaryFolder } from "@weir/testkit";
import { z } from "zod";
import { COMMAND_TOPIC, commandOf, ECHO, messageOf, startTrial } from "./fixture.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

describe("what the handler refuses", () => {
  test("is reported on the ack topic, with a reason", async () => {
    using folder = temporaryFolder();
    const numeric = commandOf("numeric", async () => 1, { payload: z.number() });
    await using trial = startTrial({ folder, commands: [ECHO, numeric] });
    trial.hand({ id: "kept", name: "echo" }, { retained: true });
    trial.hand({ id: "strange", name: "dance" });
    trial.hand({ id: "shape", name: "numeric", payload: "many" });
    trial.hand({ id: "late", name: "echo", expiresAt: NOW_MS });
    trial.hand({ id: "deputy", name: "echo", status: "done" });
    trial.hand({ name: "two words" });
    const acks = trial.acks().map(({ id, status, error }) => [id, status, error]);
    expect(acks).toEqual([
      ["kept", "rejected", "retained commands are not executed"],
      ["strange", "rejected", expect.stringContaining("no command dance")],
      ["shape", "rejected", expect.stringContaining("payload")],
      ["late", "expired", expect.stringContaining("expiresAt")],
      ["deputy", "rejected", expect.stringContaining("answer to a command")],
      [null, "rejected", expect.stringContaining("name")],
    ]);
    expect(trial.journal.open()).toEqual([]);
  });

  test.each([
    ["10 MB of text", Buffer.alloc(10_000_000, "x")],
    ["bytes that are no text", Buffer.from([0xff, 0x00, 0xfe, 0x80])],
    ["a number", Buffer.from("7")],
    ["a very long name", Buffer.from(JSON.stringify({ name: "n".repeat(60_000) }))],
    ["deep brackets", Buffer.from("[".repeat(60_000))],
  ])("is answered once, and shortly: %s", async (_, payload) => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder });
    expect(trial.handler.receive(messageOf(payload))).toBe(true);
    const acks = trial.acks();
    expect(acks).toMatchObject([{ id: null, status: "rejected" }]);
    expect(JSON.stringify(acks).length).toBeLessThan(1_000);
  });

  test("is not what belongs to another topic", async () => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder });
    for (const topic of [
      `${COMMAND_TOPIC}/ack`,
      "devices/cellar/command",
      "losant/kitchen/command",
    ]) {
      expect(trial.hand({ name: "echo" }, { topic })).toBe(false);
    }
    expect(trial.acks()).toEqual([]);
  });

  test("fills the log with some lines a minute only, and counts the rest", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    await using trial = startTrial({ folder, clock });
    for (let n = 0; n < 500; n += 1) trial.hand({ name: "dance" });
    expect(trial.log).toHaveLength(10);
    clock.advance(60_000);
    expect(trial.log.at(-1)).toEqual({
      level: "warn",
      message: "490 more warnings like the last ones",
      details: { leftOut: 490 },
    });
    expect(trial.acks()).toHaveLength(500);
  });

  test("goes without an answer when too many wait, which is counted; each admitted command has all of its acks", async () => {
    using folder = temporaryFolder();
    const gate = Promise.withResolvers<void>();
    const wait = commandOf("wait", () => gate.promise);
    await using trial = startTrial({ folder, commands: [wait], limits: { acksMax: 5 } });
    trial.hand({ id: "taken", name: "wait" });
    for (let n = 0; n < 20; n += 1) trial.hand({ name: "dance" });
    trial.hand({ id: "too-late", name: "wait" });
    gate.resolve();
    await trial.ended("taken");
    expect(trial.statuses("taken")).toEqual(["received", "running", "done"]);
    expect(trial.statuses("too-late")).toEqual([]);
    expect(trial.acks()).toHaveLength(7);
    expect(trial.log.map(({ message }) => message)).toContain(
      "an ack was dropped: too many wait for the broker",
    );
  });

  test("is a hundred-and-first command that would have to wait", async () => {
    using folder = temporaryFolder();
    const gate = Promise.withResolvers<void>();
    const wait = commandOf("wait", () => gate.promise);
    await using trial = startTrial({ folder, commands: [wait] });
    for (let n = 0; n <= 100; n += 1) trial.hand({ id: `n${n}`, name: "wait" });
    expect(trial.statuses("n99")).toEqual(["received"]);
    expect(trial.acks().at(-1)).toMatchObject({
      id: "n100",
      status: "rejected",
      error: "100 commands wait already",
    });
    gate.resolve();
    await trial.ended("n99");
    // It may be sent again.
    trial.hand({ id: "n100", name: "wait" });
    await trial.ended("n100");
    expect(trial.statuses("n100")).toEqual(["rejected", "received", "running", "done"]);
  });
});

describe("an id that was there before", () => {
  test("is a duplicate, reported with the status of the first, and nothing is executed", async () => {
    using folder = temporaryFolder();
    let times = 0;
    const count = commandOf("count", async () => {
      times += 1;
      return times;
    });
    await using trial = startTrial({ folder, commands: [count] });
    trial.hand({ id: "a", name: "count" });
    trial.hand({ id: "a", name: "count" });
    await trial.ended("a");
    trial.hand({ id: "a", name: "count", expiresAt: 1 });
    trial.hand({ id: "a", name: "dance" });
    expect(trial.acks().filter(({ status }) => status === "duplicate")).toMatchObject([
      { result: { first: "received" } },
      { result: { first: "done" } },
      { result: { first: "done" } },
    ]);
    expect(times).toBe(1);
  });

  test("is still known after a restart", async () => {
    using folder = temporaryFolder();
    {
      await using trial = startTrial({ folder });
      trial.hand({ id: "a", name: "echo" });
      await trial.ended("a");
    }
    await using trial = startTrial({ folder });
    trial.hand({ id: "a", name: "echo" });
    expect(trial.statuses("a")).toEqual(["received", "running", "done", "duplicate"]);
  });

  test("does not matter to commands without one: they are executed each time", async () => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder });
    trial.hand({ name: "echo" });
    trial.hand({ name: "echo", id: null });
    await eventually(() => trial.statuses(null).filter((status) => status === "done").length === 2);
  });
});

describe("an id that may have been forgotten", () => {
  test("is rejected when it was issued before the horizon, or does not say when, or far ahead", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(NOW_MS);
    await using trial = startTrial({ folder, clock, limits: { endedMax: 1 } });
    const issue = async (id: string, issuedAt?: number) => {
      trial.hand({ id, name: "echo", issuedAt });
      return (await trial.ended(id)).status;
    };
    // Nothing is forgotten yet.
    expect(await issue("no-time")).toBe("done");
    expect(await issue("at-20", NOW_MS + 20)).toBe("done");
    // The first one is forgotten now: it came at NOW_MS.
    clock.advance(1);
    const rejected = async (id: string, issuedAt?: number) => {
      trial.hand({ id, name: "echo", issuedAt });
      return trial.acks().at(-1);
    };
    expect(await rejected("no-time")).toMatchObject({
      status: "rejected",
      error: expect.stringContaining("no issuedAt"),
    });
    expect(await rejected("old", NOW_MS)).toMatchObject({
      status: "rejected",
      error: expect.stringContaining("issued before 2026-01-01T00:00:00.001Z"),
    });
    expect(await rejected("ahead", NOW_MS + 2 * DAY_MS)).toMatchObject({
      status: "rejected",
      error: expect.stringContaining("ahead of this device's clock"),
    });
    expect(await issue("new", NOW_MS + 30)).toBe("done");
    // One without an id is executed each time anyway.
    trial.hand({ name: "echo", issuedAt: 1 });
    expect(await trial.ended(null)).toMatchObject({ status: "done" });
  });
});
