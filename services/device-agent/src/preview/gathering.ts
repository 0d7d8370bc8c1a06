import { decodeState, deviceOfState } from "@weir/messages";
import type { StoredMessage } from "@weir/store";
import { candidateRules } from "./candidates.ts";
import type { PreviewRequest } from "./command-line.ts";
import { startTally, type Tally, type Tallying } from "./tally.ts";

/** What deadbands would have made of one attribute. */
export interface SeriesPreview {
  attribute: string;
  /** One for each deadband. */
  tallies: readonly Tally[];
}

export interface DevicePreview {
  /** Prefix and id: `devices/kitchen`. */
  device: string;
  series: readonly SeriesPreview[];
  /** Messages with at least one attribute, and with at least one that is due by the first deadband. */
  messages: number;
  reportedMessages: number;
}

export interface Gathered {
  devices: readonly DevicePreview[];
  /** Attributes that were left out because there were too many; as many are counted at most. */
  leftOut: number;
}

/** What of a stored message a preview needs. */
type Recorded = Pick<StoredMessage, "topic" | "payload" | "receivedUs" | "observedUs">;

export interface Gathering {
  /** Passes over what is no state, or not of the device and attribute that are wanted. */
  add(message: Recorded): void;
  result(): Gathered;
}

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
export function startGathering(
  request: Pick<PreviewRequest, "device" | "attribute" | "deadband" | "maxSilenceMs">,
): Gathering {
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
    add: (message) => {
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
    result: () => ({
      devices: [...devices].map(([device, { series, ...counts }]) => ({
        device,
        ...counts,
        series: [...series].map(([attribute, tallyings]) => ({
          attribute,
          tallies: tallyings.map((tallying) => tallying.result()),
        })),
      })),
      leftOut: leftOut.size,
    }),
  };
}

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
