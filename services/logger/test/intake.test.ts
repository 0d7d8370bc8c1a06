import { describe, expect, test } from "@jest/globals";
import type { InboundMessage } from "@weir/mqtt";
import type { Store } from "@weir/store";
import { createFakeClock, openTestStore, temporaryFolder } from "@weir/testkit";
import { startIntake } from "../src/intake.ts";

const config = {
  topic: "DATA",
  skewUs: 0,
  batch: { rowsMax: 10, bytesMax: 1_000, delayMs: 20 },
};

interface Trial {
  acknowledged: string[];
  faults: unknown[];
  unmatched: string[];
  message: (payload: string, topic?: string) => InboundMessage;
}

function trial(): Trial {
  const acknowledged: string[] = [];
  return {
    acknowledged,
    faults: [],
    unmatched: [],
    message: (payload, topic = "DATA") => ({
      topic,
      payload: Buffer.from(payload),
      qos: 1,
      retained: false,
      acknowledge: () => acknowledged.push(payload),
    }),
  };
}

function start(store: Store, { faults, unmatched }: Trial) {
  const clock = createFakeClock();
  const intake = startIntake(config, {
    store,
    clock,
    onCommitted: () => {},
    onUnmatched: (topic) => unmatched.push(topic),
    onFault: (fault) => faults.push(fault),
  });
  return { clock, intake };
}

describe("intake", () => {
  test("acknowledges a message after its commit, not before", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const seen = trial();
    const { clock, intake } = start(store, seen);
    intake.receive(seen.message("a"));
    expect([store.size().rows, seen.acknowledged]).toEqual([0, []]);
    clock.advance(20);
    expect([store.size().rows, seen.acknowledged]).toEqual([1, ["a"]]);
  });

  test("lets a message wait for nobody when the broker's window is small", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const seen = trial();
    const { clock, intake } = start(store, seen);
    intake.setGathering(false);
    intake.receive(seen.message("a"));
    clock.advance(0);
    expect(seen.acknowledged).toEqual(["a"]);
  });

  test("acknowledges nothing that it could not store, and takes nothing more", () => {
    using folder = temporaryFolder();
    const store = openTestStore(folder.file("weir.db"));
    const seen = trial();
    const { clock, intake } = start(store, seen);
    intake.receive(seen.message("a"));
    store[Symbol.dispose]();
    clock.advance(20);
    intake.receive(seen.message("b"));
    clock.advance(20);
    expect(seen.acknowledged).toEqual([]);
    expect(seen.faults).toHaveLength(1);
  });

  test("stores and acknowledges what it holds when it ends", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const seen = trial();
    const { intake } = start(store, seen);
    intake.receive(seen.message("a"));
    intake[Symbol.dispose]();
    intake.receive(seen.message("b"));
    expect([store.size().rows, seen.acknowledged]).toEqual([1, ["a"]]);
  });

  test("does not store a message of another topic, and says so", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const seen = trial();
    const { clock, intake } = start(store, seen);
    intake.receive(seen.message("a", "OTHER"));
    clock.advance(20);
    expect([store.size().rows, seen.unmatched]).toEqual([0, ["OTHER"]]);
  });
});
