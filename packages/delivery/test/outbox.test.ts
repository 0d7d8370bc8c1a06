import { describe, expect, test } from "@jest/globals";
import {
  createFakeClock,
  eventually,
  lockByAnother,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { type MessageOutcome, type OutboxOptions, openOutbox } from "../src/index.ts";
import { settled } from "./fixture.ts";

const HOUR_MS = 3_600_000;
const YEARS_MS = 10 * 365 * 24 * HOUR_MS;

/** Its own outbox, and a connection that takes every message. */
function open(folder: TemporaryFolder, options: Partial<OutboxOptions> = {}) {
  const clock = createFakeClock();
  const outcomes: MessageOutcome[] = [];
  const sent: string[] = [];
  const outbox = openOutbox({
    file: folder.file("outbox.db"),
    publisher: "kitchen",
    onOutcome: (outcome) => outcomes.push(outcome),
    onFault: (fault) => {
      throw fault;
    },
    clock,
    ...options,
  });
  return {
    clock,
    outcomes,
    outbox,
    /** The payloads of the messages that were published. */
    sent,
    connect: () =>
      outbox.connected({
        publish: async (topic, payload) => {
          if (topic === "DATA") sent.push(String(payload));
        },
      }),
    /** Accepts a message, and returns what names it. */
    accept: async () => {
      const acceptance = await outbox.accept("DATA", { number: 1 });
      if (acceptance.kind !== "accepted") throw new Error("it is accepted");
      return acceptance;
    },
    /** Delivers a receipt for the first message of an epoch, or one for nothing. */
    receive: (epoch?: string) => {
      const entries = epoch === undefined ? [] : [{ epoch, topic: "DATA", through: 1, ranges: [] }];
      outbox.receive({
        topic: outbox.subscription.filter,
        payload: Buffer.from(JSON.stringify({ at: 1, entries })),
        qos: 1,
        retained: true,
      });
    },
  };
}

describe("a message that waits without a broker", () => {
  const limits = { ageMaxMs: HOUR_MS };

  test("is abandoned when it has waited too long, and that is reported", async () => {
    using folder = temporaryFolder();
    const { clock, outbox, outcomes } = open(folder, { limits });
    await using _outbox = outbox;
    await outbox.accept("DATA", { number: 1 });
    clock.advance(HOUR_MS);
    expect(outcomes).toEqual([]);
    clock.advance(2_000);
    expect(outcomes).toMatchObject([{ kind: "abandoned", reason: "it waited too long", seq: 1 }]);
  });

  test.each([YEARS_MS, -YEARS_MS])(
    "does not age by a clock that is set (%d ms)",
    async (jumpMs) => {
      using folder = temporaryFolder();
      const { clock, outbox, outcomes } = open(folder, { limits });
      await using _outbox = outbox;
      await outbox.accept("DATA", { number: 1 });
      clock.advance(HOUR_MS / 2);
      clock.jump(jumpMs);
      clock.advance(HOUR_MS / 2 - 2_000);
      expect(outcomes).toEqual([]);
      clock.advance(4_000);
      expect(outcomes).toHaveLength(1);
    },
  );

  test.each([YEARS_MS, -YEARS_MS])(
    "is sent when a connection comes right after the clock was set (%d ms)",
    async (jumpMs) => {
      using folder = temporaryFolder();
      const { clock, outbox, outcomes, connect, sent } = open(folder, { limits });
      await using _outbox = outbox;
      await outbox.accept("DATA", { number: 1 });
      clock.jump(jumpMs);
      await outbox.accept("DATA", { number: 2 });
      connect();
      expect(sent).toHaveLength(2);
      outbox.disconnected();
      clock.advance(2_000);
      expect(outcomes).toEqual([]);
    },
  );
});

describe("a receipt", () => {
  test("that comes before the resending on a new connection reports its outcomes, too", async () => {
    using folder = temporaryFolder();
    const { outbox, outcomes, accept, connect, receive } = open(folder);
    await using _outbox = outbox;
    connect();
    const { epoch, topic } = await accept();
    outbox.disconnected();
    receive(epoch);
    expect(outcomes).toEqual([{ kind: "delivered", epoch, topic, seq: 1 }]);
    expect(outbox.size().rows).toBe(0);
  });

  test("after a long silence has what is missing sent again within seconds", async () => {
    using folder = temporaryFolder();
    const { clock, outbox, sent, accept, connect, receive } = open(folder);
    await using _outbox = outbox;
    connect();
    const pass = async (seconds: number): Promise<number> => {
      const before = sent.length;
      for (let second = 0; second < seconds; second += 1) {
        clock.advance(1_000);
        // The PUBACK of a probe.
        await settled();
      }
      return sent.length - before;
    };

    await accept();
    await settled();
    expect(await pass(600)).toBeLessThan(15);
    // The interval has grown to a minute.
    expect(await pass(60)).toBe(1);
    await pass(20);
    receive();
    expect(await pass(6)).toBe(1);
  });
});

test("an outbox that another program has locked accepts and confirms nothing until it is free, and loses nothing", async () => {
  using folder = temporaryFolder();
  const locked: boolean[] = [];
  const { clock, outbox, outcomes, sent, accept, connect, receive } = open(folder, {
    onLocked: (isLocked) => locked.push(isLocked),
  });
  await using _outbox = outbox;
  connect();
  const first = await accept();
  await eventually(() => sent.length === 1);

  const accepted: string[] = [];
  {
    await using _lock = await lockByAnother(folder.file("outbox.db"));
    void outbox.accept("DATA", { number: 2 }).then(({ kind }) => accepted.push(kind));
    await eventually(() => locked.length === 1);
    receive(first.epoch);
    clock.advance(5_000);
    expect([accepted, outcomes, locked]).toEqual([[], [], [true]]);
  }
  await eventually(() => {
    clock.advance(100);
    return accepted.length === 1 && outcomes.length === 1 && sent.length === 2;
  });
  expect(locked).toEqual([true, false]);
  expect(outcomes[0]).toMatchObject({ kind: "delivered", seq: 1 });
  expect(outbox.size().rows).toBe(1);
});
