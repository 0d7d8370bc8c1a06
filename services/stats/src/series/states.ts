import { decodeState, deviceOfState, outcomeOf } from "@weir/messages";
import { rowIdOf, type StoredMessage } from "@weir/store";
import type { SeriesReading } from "./series.ts";

/** What makes a stored message a device's state. */
export interface StateRules {
  /** The first levels of the topics of devices: a device is the same under each of them. */
  prefixes: readonly string[];
  /** How far ahead of reception an observation may lie before its time is not believed, in microseconds. */
  skewUs: number;
}

const RETAINED = outcomeOf("retained").code;

/** The readings in messages, in their order. What a broker had kept is no news, and has none. */
export function* statesIn(
  messages: readonly StoredMessage[],
  { prefixes, skewUs }: StateRules,
): Generator<SeriesReading> {
  for (const { topic, payload, receivedUs, outcome, observedUs, cursor } of messages) {
    const device = outcome === RETAINED ? null : deviceOfState(topic, prefixes)?.id;
    const state = device ? decodeState(payload, { receivedUs, skewUs }) : null;
    if (!device || state === null) continue;
    // The decoder `device` has found the time out; rows of another one, or of an earlier version, have none.
    const second = Math.floor((observedUs ?? state.observedUs) / 1_000_000);
    const id = rowIdOf(cursor);
    for (const { attribute, value } of state.readings) {
      yield { device, attribute, second, value, id };
    }
  }
}
