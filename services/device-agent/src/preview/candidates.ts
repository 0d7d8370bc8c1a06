import type { DeadbandRule } from "../report/deadband.ts";
import type { Tally } from "./tally.ts";

const STEPS = [1, 1.5, 2, 3, 5, 7];
const EXPONENT_MIN = -6;
const EXPONENT_MAX = 12;
const SHOWN_MAX = 10;
/** A deadband that keeps back less is as good as none. */
const SAVED_SHARE_MIN = 0.01;

/**
 * Deadbands of round widths, from a millionth up. What the values are like is not known before they
 * are read, so all are tried at once, and `spanning` chooses.
 */
export function candidateRules(maxSilenceMs: number): DeadbandRule[] {
  const exponents = Array.from(
    { length: EXPONENT_MAX - EXPONENT_MIN + 1 },
    (_, index) => EXPONENT_MIN + index,
  );
  return exponents.flatMap((exponent) =>
    // As text, because products of powers of ten are not round.
    STEPS.map((step) => ({
      deadband: { kind: "absolute" as const, width: Number(`${step}e${exponent}`) },
      maxSilenceMs,
    })),
  );
}

/** Of candidates in ascending order, ten at most from the last that saves nothing to the first that saves all it can. */
export function spanning(tallies: readonly Tally[]): Tally[] {
  const savesNothing = ({ samples, reported }: Tally) =>
    samples - reported < SAVED_SHARE_MIN * samples;
  const fewest = tallies.at(-1)?.reported ?? 0;
  const from = Math.max(0, tallies.findLastIndex(savesNothing));
  const to = Math.max(
    from,
    tallies.findIndex(({ reported }) => reported <= fewest),
  );
  const shown = Math.min(SHOWN_MAX, to - from + 1);
  return Array.from({ length: shown }, (_, index) => {
    const share = shown === 1 ? 0 : index / (shown - 1);
    // The index lies between two indices of the list.
    return tallies[Math.round(from + share * (to - from))] as Tally;
  });
}
