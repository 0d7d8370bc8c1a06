import type { Effect, Outcome } from "@weir/flows";

/** One attempt to perform an action. */
export interface Attempt {
  /** The idempotency key: the same for each attempt. */
  key: string;
  /** 1 is the first. */
  attempt: number;
  /** Aborts when Weir stops: then the action is left as it is, and tried again at the next start. */
  signal: AbortSignal;
  /** To be called before what cannot be taken back. If Weir dies after it, the end of the action is uncertain. */
  handOver: () => void;
}

/** An attempt that may succeed later. */
export interface RetryLater {
  problem: string;
  /** When, as the other side has said it; `null`: as usual. */
  retryInMs: number | null;
}

/** Performs the actions of one kind. Never throws because of the other side; throws when its signal aborts. */
export type Performer<E extends Effect = Effect> = (
  effect: E,
  attempt: Attempt,
) => Promise<Outcome | RetryLater>;

/** For each kind of action who performs it. */
export type Performers = {
  readonly [K in Effect["kind"]]: Performer<Extract<Effect, { kind: K }>>;
};

/** An outcome that no further attempt will change. */
export function failed(problem: string): Outcome {
  return { isDone: false, problem, isUncertain: false };
}

/** Nobody knows whether it was done. */
export function uncertain(problem: string): Outcome {
  return { isDone: false, problem, isUncertain: true };
}
