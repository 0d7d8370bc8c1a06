/** How much may be done now, of something that may be done so often a second. */
export interface Allowance {
  /** Takes as much as there is, at most `wanted`. */
  take(wanted: number): number;
}

/**
 * @param burstMs what was not used for longer is lost.
 * @param monotonicMs a monotonic clock, in milliseconds.
 */
export function createAllowance(options: {
  rateMax: number;
  burstMs: number;
  monotonicMs: () => number;
}): Allowance {
  const { rateMax, burstMs, monotonicMs } = options;
  const mostAtOnce = Math.max(1, (rateMax * burstMs) / 1_000);
  let left = mostAtOnce;
  let countedAtMs = monotonicMs();
  return {
    take: (wanted) => {
      const nowMs = monotonicMs();
      left = Math.min(mostAtOnce, left + (rateMax * (nowMs - countedAtMs)) / 1_000);
      countedAtMs = nowMs;
      const taken = Math.min(wanted, Math.floor(left));
      left -= taken;
      return taken;
    },
  };
}
