import { setImmediate as turn } from "node:timers/promises";
import { createDelivery, type Delivery, type DeliveryOptions } from "@weir/delivery";
import { createFakeClock, createTestContext, eventually, type FakeClock } from "@weir/testkit";
import { createJitter } from "../../tools/schedule.ts";

const STEP_MS = 1_000;

/** A device whose clock stands still but for `pass`: real attempts at a real port, at times of the test's own. */
export interface Outage<Kind extends string> extends AsyncDisposable {
  delivery: Delivery<Kind>;
  clock: FakeClock;
  /** Milliseconds after the start at which it tried to reconnect. */
  attemptsAtMs: number[];
  isConnected(): boolean;
  /** Lets time pass second by second; each attempt ends before the next second. */
  pass(ms: number, eachSecond?: (second: number) => void): Promise<void>;
}

export async function startOutage<Kind extends string>(
  port: number,
  options: Pick<DeliveryOptions<Kind>, "kinds" | "outbox">,
): Promise<Outage<Kind>> {
  const clock = createFakeClock(Date.now());
  const attemptsAtMs: number[] = [];
  let failures = 0;
  let connections = 0;
  // The client says one line for each attempt that fails.
  const failed = () => {
    failures += 1;
  };
  const delivery = createDelivery<Kind>({
    ...options,
    client: {
      broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
      clientId: "device",
      session: { kind: "clean" },
      onConnected: () => {
        connections += 1;
      },
      logger: { ...createTestContext().logger, info: () => {}, warn: failed, debug: failed },
    },
    clock,
    random: createJitter(1),
  });

  const attemptEnded = () => failures + connections > delivery.attempts();
  delivery.start();
  await eventually(attemptEnded);
  return {
    delivery,
    clock,
    attemptsAtMs,
    isConnected: () => connections > 0,
    pass: async (ms, eachSecond = () => {}) => {
      for (let passedMs = 0; passedMs < ms && connections === 0; passedMs += STEP_MS) {
        eachSecond(clock.monotonic() / 1_000);
        clock.advance(STEP_MS);
        await turn();
        if (attemptEnded()) continue;
        attemptsAtMs.push(clock.monotonic());
        await eventually(attemptEnded);
        await turn();
      }
    },
    [Symbol.asyncDispose]: () => delivery[Symbol.asyncDispose](),
  };
}
