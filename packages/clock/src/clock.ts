/** Time as a dependency: programs ask it for the hour and for timers, tests hand in one of their own. */
export interface Clock {
  /** Wall time in milliseconds since the epoch. It may jump, in both directions. */
  now(): number;
  /** Milliseconds since an arbitrary start. It never jumps and never goes back. */
  monotonic(): number;
  /** Runs the task once, `delayMs` from now. Disposing before then cancels it. */
  schedule(delayMs: number, task: () => void): Disposable;
  /** Runs the task every `intervalMs`, first after one interval. Disposing ends it. */
  repeat(intervalMs: number, task: () => void): Disposable;
}
