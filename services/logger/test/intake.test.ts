import { describe, expect, test } from "@jest/globals";
import type { ReceivedMessage } from "@weir/mqtt";
import { Registry, systemClock } from "@weir/runtime";
import { openTestStore, temporaryFolder } from "@weir/testkit";
import { Intake, Routes } from "../src/intake.ts";
import { createLoggerCounts } from "../src/metrics.ts";
import { planSubscriptions } from "../src/plan.ts";
import type { Stream } from "../src/stream.ts";
import { readingOf, streamOver } from "./fixture.ts";

function message(topic: string, subscriptions: readonly number[] = []): ReceivedMessage {
  const payload = Buffer.from(readingOf(1));
  return { topic, payload, qos: 1, retained: false, subscriptions };
}

/** An intake on MQTT 5; strict where each message has its subscription's identifier. */
function intakeOf(
  streams: readonly Stream[],
  known: readonly { filter: string }[] = [],
  isStrict = false,
) {
  const counts = createLoggerCounts(new Registry());
  const configs = streams.map(({ config }) => config);
  const plan = planSubscriptions(configs, {
    has: known.map(({ filter }) => ({ filter, qos: 1, generation: 1 })),
  });
  const { subscriptions } = plan;
  const intake = new Intake({
    routes: new Routes({
      streams,
      plan,
      held: new Set(subscriptions.map(({ filter }) => filter)),
      own: isStrict ? new Set(subscriptions.map(({ identifier = 0 }) => identifier)) : null,
    }),
    session: "logger at broker",
    clock: systemClock,
    counts,
  });
  const identifierOf = (filter: string): number =>
    subscriptions.find((one) => one.filter === filter)?.identifier ?? 0;
  return { intake, counts, identifierOf, subscriptions };
}

describe("intake", () => {
  test("stores a message in every stream that its topic belongs to", () => {
    using folder = temporaryFolder();
    using first = openTestStore(folder.file("first.db"));
    using second = openTestStore(folder.file("second.db"));
    const { intake } = intakeOf([
      streamOver(first, { filters: ["a/#"] }),
      streamOver(second, { filters: ["a/b"] }),
    ]);
    intake.store([message("a/b"), message("a/c")], []);
    expect([first.size().rows, second.size().rows]).toEqual([2, 1]);
  });

  test("does not store a message that no stream asks for, and counts it", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const { intake, counts } = intakeOf([
      streamOver(store, { filters: ["a/#"], exclude: ["a/b"] }),
    ]);
    intake.store([message("c"), message("a/b"), message("a/c")], []);
    expect([store.size().rows, counts.unmatched]).toEqual([1, 2]);
  });

  test("throws when a store cannot write, so that nothing is acknowledged", () => {
    using folder = temporaryFolder();
    const store = openTestStore(folder.file("weir.db"));
    const { intake } = intakeOf([streamOver(store, { filters: ["DATA"] })]);
    store[Symbol.dispose]();
    expect(() => intake.store([message("DATA")], [])).toThrow();
  });

  test("takes one of the copies that come for overlapping subscriptions", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const { intake, identifierOf } = intakeOf([streamOver(store, { filters: ["a/+", "+/b"] })]);
    const both = [identifierOf("a/+"), identifierOf("+/b")];
    intake.store(
      both.map((identifier) => message("a/b", [identifier])),
      [],
    );
    intake.store([message("a/b", both)], []);
    expect(store.size().rows).toBe(2);
  });

  test("takes no copy that came for a subscription that this logger has not made, and counts it", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const { intake, counts, identifierOf } = intakeOf(
      [streamOver(store, { filters: ["a/+"] })],
      [],
      true,
    );
    const own = identifierOf("a/+");
    intake.store([message("a/b", [4_711, own])], []);
    intake.store([message("a/b", [4_711]), message("a/b")], []);
    expect([store.size().rows, counts.strange]).toEqual([1, 2]);
  });

  test("takes what comes without an identifier until another message has come with one", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const { intake, counts, identifierOf } = intakeOf(
      [streamOver(store, { filters: ["a/+"] })],
      [],
      true,
    );
    const own = identifierOf("a/+");
    // From a broker without identifiers, or a first copy of the message behind it.
    intake.store([message("a/a"), message("a/b")], []);
    intake.store(
      [message("a/b", [own]), message("a/b"), message("a/c", [own]), message("a/c")],
      [],
    );
    expect([store.size().rows, counts.strange]).toEqual([3, 2]);
  });

  test("takes what came for a former subscription: better twice than not at all", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const { intake } = intakeOf([streamOver(store, { filters: ["a/+", "+/b"] })]);
    intake.store([message("a/b", [4_711])], []);
    expect(store.size().rows).toBe(1);
  });

  test("prefers the copy of the subscription that the session has had for longest", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const { intake, identifierOf } = intakeOf(
      [streamOver(store, { filters: ["a/+", "+/b"] })],
      [{ filter: "+/b" }],
    );
    // Queued before `a/+` was subscribed to, so there is no copy of it.
    intake.store([message("a/b", [identifierOf("+/b")])], []);
    expect(store.size().rows).toBe(1);
  });

  test("subscribes to no filter that another one holds", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const { subscriptions } = intakeOf([streamOver(store, { filters: ["a/#", "a/b"], qos: 1 })]);
    expect(subscriptions.map(({ filter }) => filter)).toEqual(["a/#"]);
  });
});
