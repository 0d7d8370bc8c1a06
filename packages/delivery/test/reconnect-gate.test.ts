import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { type AttemptBudget, createReconnectGate } from "../src/reconnect.ts";
import { settled } from "./fixture.ts";

const UNLIMITED = { burst: 1, perHour: Number.POSITIVE_INFINITY };
const SECOND_MS = 1_000;
const running = new AbortController().signal;

/** A gate whose waits double from one second, and a client that fails at once, again and again. */
function setUp(budget: AttemptBudget = UNLIMITED) {
  const clock = createFakeClock();
  const gate = createReconnectGate({ delay: (n) => SECOND_MS * 2 ** n, budget, clock });
  const attemptsAtSeconds: number[] = [];
  const stopping = new AbortController();
  void (async () => {
    for (let attempt = 0; ; attempt += 1) {
      await gate.reconnect(attempt, stopping.signal);
      if (stopping.signal.aborted) return;
      attemptsAtSeconds.push(clock.monotonic() / SECOND_MS);
    }
  })();
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(SECOND_MS);
      await settled();
    }
  };
  const end = { [Symbol.dispose]: () => stopping.abort() };
  return { gate, attemptsAtSeconds, pass, end };
}

describe("the gate of a client that lost its broker", () => {
  test("opens after its backoff", async () => {
    const { attemptsAtSeconds, pass, end } = setUp();
    using _end = end;
    await pass(20);
    expect(attemptsAtSeconds).toEqual([1, 3, 7, 15]);
  });

  test("begins with short waits for a message, and goes on where it was after that", async () => {
    const { gate, attemptsAtSeconds, pass, end } = setUp();
    using _end = end;
    await pass(20);
    gate.hurry(5 * SECOND_MS);
    await pass(80);
    // After 21, 23 and 27 that is 16 s, the wait it was in.
    expect(attemptsAtSeconds).toEqual([1, 3, 7, 15, 21, 23, 27, 43, 75]);
  });

  test("is not delayed by urgent messages again and again", async () => {
    const { gate, attemptsAtSeconds, pass, end } = setUp();
    using _end = end;
    await pass(20);
    for (let count = 0; count < 100; count += 1) gate.hurry(5 * SECOND_MS);
    await pass(1);
    expect(attemptsAtSeconds.at(-1)).toBe(21);
  });

  test("stays within its budget, however urgent the messages are", async () => {
    const { gate, attemptsAtSeconds, pass, end } = setUp({ burst: 4, perHour: 60 });
    using _end = end;
    for (let count = 0; count < 600; count += 1) {
      gate.hurry(5 * SECOND_MS);
      await pass(1);
    }
    // Four at once, and then one a minute.
    expect(attemptsAtSeconds).toHaveLength(4 + 9);
  });

  test("allows no urgent attempt while each connection is lost as soon as it is made", async () => {
    const clock = createFakeClock();
    const delay = (n: number): number => SECOND_MS * 2 ** n;
    const gate = createReconnectGate({ delay, budget: UNLIMITED, clock });
    const attemptsAtSeconds: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      gate.connected();
      let isOpen = false;
      void gate.reconnect(attempt, running).then(() => {
        isOpen = true;
      });
      while (!isOpen) {
        if (attempt > 0) gate.hurry(60 * SECOND_MS);
        clock.advance(SECOND_MS);
        await settled();
      }
      attemptsAtSeconds.push(clock.monotonic() / SECOND_MS);
    }
    expect(attemptsAtSeconds).toEqual([1, 3, 7, 15]);
  });

  test("closes behind a client that is stopped", async () => {
    const clock = createFakeClock();
    const gate = createReconnectGate({ delay: () => 1, budget: UNLIMITED, clock });
    const stopping = new AbortController();
    const opened = gate.reconnect(0, stopping.signal);
    stopping.abort();
    await opened;
  });

  test("refuses a budget that would end the search, and a wait that is none", async () => {
    const clock = createFakeClock();
    const delay = () => Number.NaN;
    const broke = { burst: 0, perHour: 3 };
    expect(() => createReconnectGate({ delay, budget: broke, clock })).toThrow(RangeError);
    const gate = createReconnectGate({ delay, budget: UNLIMITED, clock });
    await expect(gate.reconnect(0, running)).rejects.toThrow("cannot wait for NaN ms");
  });
});
