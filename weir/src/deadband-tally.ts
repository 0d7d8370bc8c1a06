import {
  type Deadband,
  type DeadbandRule,
  isDue,
  type Reported,
} from "@weir/device-agent/deadband";
import { decodeState, deviceOfState } from "@weir/protocol";
import type { StoredMessage } from "@weir/store";

/** What deadbands would have made of one attribute. */
interface SeriesPreview {
  attribute: string;
  /** One for each deadband. */
  tallies: readonly Tally[];
}

export interface PreviewRequest {
  /** `null` is each. */
  device: string | null;
  attribute: string | null;
  /** `null` tries several. */
  deadband: Deadband | null;
  maxSilenceMs: number;
  asJson: boolean;
}

export interface DevicePreview {
  /** Prefix and id: `devices/kitchen`. */
  device: string;
  series: readonly SeriesPreview[];
  /** Messages with at least one attribute, and with at least one that is due by the first deadband. */
  messages: number;
  reportedMessages: number;
}

export interface Collected {
  devices: readonly DevicePreview[];
  /** Attributes that were left out because there were too many; as many are counted at most. */
  leftOut: number;
}

/** What of a stored message a preview needs. */
type Recorded = Pick<StoredMessage, "topic" | "payload" | "receivedUs" | "observedUs">;

/** Attributes of all devices together at most. */
const SERIES_MAX = 1_000;
/** A state of a later time than this counts as observed when it was received. */
const SKEW_US = 60_000_000;

interface Device {
  series: Map<string, Tallying[]>;
  messages: number;
  reportedMessages: number;
}

/** Sorts the values of recorded states by device and attribute, and tries deadbands on them. */
export function startCollecting(
  request: Pick<PreviewRequest, "device" | "attribute" | "deadband" | "maxSilenceMs">,
) {
  const { deadband, maxSilenceMs } = request;
  const rules = deadband === null ? candidateRules(maxSilenceMs) : [{ deadband, maxSilenceMs }];
  const devices = new Map<string, Device>();
  const leftOut = new Set<string>();
  let seriesCount = 0;

  function tallyingsOf(device: Device, attribute: string): Tallying[] | null {
    const known = device.series.get(attribute);
    if (known !== undefined) return known;
    if (seriesCount === SERIES_MAX) return null;
    seriesCount += 1;
    const begun = rules.map(startTally);
    device.series.set(attribute, begun);
    return begun;
  }

  function deviceOf(name: string): Device {
    const known = devices.get(name);
    if (known !== undefined) return known;
    const begun = { series: new Map(), messages: 0, reportedMessages: 0 };
    // Each has at least one attribute, so there are no more of them.
    if (seriesCount < SERIES_MAX) devices.set(name, begun);
    return begun;
  }

  return {
    /** Ignores what is not a state, or not of the device and attribute that are wanted. */
    add: (message: Recorded): void => {
      const name = deviceName(message.topic, request.device);
      if (name === null) return;
      const state = readingsOf(message, request.attribute);
      if (state === null) return;
      const device = deviceOf(name);
      let isDue = false;
      for (const { attribute, value } of state.readings) {
        const tallyings = tallyingsOf(device, attribute);
        if (tallyings === null && leftOut.size < SERIES_MAX) leftOut.add(`${name} ${attribute}`);
        for (const [index, tallying] of (tallyings ?? []).entries()) {
          const isDueHere = tallying.add(value, state.observedUs / 1_000);
          if (index === 0 && isDueHere) isDue = true;
        }
      }
      device.messages += 1;
      if (isDue) device.reportedMessages += 1;
    },
    /** Sorted by name; of many deadbands only those that make a difference. */
    result: (): Collected => ({
      devices: [...devices].toSorted(byName).map(([device, { series, ...counts }]) => ({
        device,
        ...counts,
        series: [...series].toSorted(byName).map(([attribute, tallyings]) => {
          const tallies = tallyings.map((tallying) => tallying.result());
          return { attribute, tallies: deadband === null ? spanning(tallies) : tallies };
        }),
      })),
      leftOut: leftOut.size,
    }),
  };
}

const byName = ([one]: [string, unknown], [other]: [string, unknown]): number =>
  one < other ? -1 : 1;

/** Prefix and id of the device whose state a topic carries; `null` when it is not the one that is wanted. */
function deviceName(topic: string, wanted: string | null): string | null {
  const levels = topic.split("/");
  const prefix = levels.slice(0, -2).join("/");
  const address = deviceOfState(topic, [prefix]);
  if (address === null || (wanted !== null && address.id !== wanted)) return null;
  return `${prefix}/${address.id}`;
}

function readingsOf({ payload, receivedUs, observedUs }: Recorded, wanted: string | null) {
  const state = decodeState(payload, { receivedUs, skewUs: SKEW_US });
  if (state === null) return null;
  const readings = state.readings.filter(
    ({ attribute }) => wanted === null || attribute === wanted,
  );
  return readings.length === 0 ? null : { observedUs: observedUs ?? state.observedUs, readings };
}

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

/** What a deadband would have made of the values of one attribute. */
export interface Tally {
  rule: DeadbandRule;
  samples: number;
  reported: number;
  /** How far the value reported last was from the recorded ones, over all samples. */
  error: { mean: number; max: number; rootMeanSquare: number };
}

type Tallying = ReturnType<typeof startTally>;

/** Adds up a tally, value by value. */
export function startTally(rule: DeadbandRule) {
  let last: Reported | null = null;
  let samples = 0;
  let reported = 0;
  let sum = 0;
  let max = 0;
  let sumOfSquares = 0;

  return {
    /** Returns whether the value would have been reported. */
    add: (value: number, atMs: number): boolean => {
      samples += 1;
      if (last === null || isDue(value, last, rule, atMs)) {
        last = { value, atMs };
        reported += 1;
        return true;
      }
      const error = Math.abs(value - last.value);
      sum += error;
      max = Math.max(max, error);
      sumOfSquares += error * error;
      return false;
    },
    result: (): Tally => {
      const count = Math.max(samples, 1);
      const rootMeanSquare = Math.sqrt(sumOfSquares / count);
      return { rule, samples, reported, error: { mean: sum / count, max, rootMeanSquare } };
    },
  };
}
