import type { Clock } from "@weir/clock";

export interface LookingOptions {
  intervalMs: number;
  look: () => Promise<void>;
  /** Gets what a look throws. A look that is under way when this is disposed of has nothing more to say. */
  fail: (fault: unknown) => void;
  clock: Clock;
}

/** Looks again and again, one look at a time. */
export function keepLooking({ intervalMs, look, fail, clock }: LookingOptions): Disposable {
  let isBusy = false;
  let isStopped = false;

  async function lookOnce(): Promise<void> {
    isBusy = true;
    try {
      await look();
    } catch (fault) {
      if (!isStopped) fail(fault);
    } finally {
      isBusy = false;
    }
  }

  const timer = clock.repeat(intervalMs, () => {
    if (!isBusy) void lookOnce();
  });
  return {
    [Symbol.dispose]: () => {
      isStopped = true;
      timer[Symbol.dispose]();
    },
  };
}
