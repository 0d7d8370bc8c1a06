import type { ReconnectingClient } from "@weir/mqtt";
import { errorMessage } from "@weir/runtime";
import { type Outcome, STOPPED } from "./lane.ts";

/** Sends readings with QoS 0, and of each kind and topic keeps the latest only while it cannot. */
export interface TelemetryLane extends Disposable {
  send(kind: string, topic: string, payload: object): Promise<Outcome>;
  connected(): void;
  disconnected(): void;
}

interface Reading {
  payload: string;
  settle: (outcome: Outcome) => void;
}

/** One kind on one topic: at most one reading under way, and the latest behind it. */
interface Place {
  key: string;
  topic: string;
  latest: Reading | null;
  isUnderWay: boolean;
}

/** Kinds and topics that have a reading waiting or under way at most. One more is dropped. */
const PLACES_MAX = 1_000;

export function createTelemetryLane(publish: ReconnectingClient["publish"]): TelemetryLane {
  const places = new Map<string, Place>();
  let isConnected = false;
  let isStopped = false;

  function pump(place: Place): void {
    if (!isConnected || place.isUnderWay || place.latest === null) return;
    const { payload, settle } = place.latest;
    place.latest = null;
    place.isUnderWay = true;
    void publish(place.topic, payload, { qos: 0 })
      .then(
        () => settle({ kind: "sent" }),
        // The next reading will do.
        (error: unknown) => settle({ kind: "dropped", reason: errorMessage(error) }),
      )
      .then(() => {
        place.isUnderWay = false;
        if (place.latest === null) places.delete(place.key);
        else pump(place);
      });
  }

  function placeOf(kind: string, topic: string): Place | null {
    const key = `${kind} ${topic}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    if (places.size >= PLACES_MAX) return null;
    const place = { key, topic, latest: null, isUnderWay: false };
    places.set(key, place);
    return place;
  }

  return {
    send: async (kind, topic, payload) => {
      if (isStopped) return { kind: "dropped", reason: STOPPED };
      const place = placeOf(kind, topic);
      if (place === null) {
        return { kind: "dropped", reason: `readings of ${PLACES_MAX} other topics wait` };
      }
      place.latest?.settle({ kind: "dropped", reason: "replaced by a newer one" });
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      place.latest = { payload: JSON.stringify(payload), settle: resolve };
      pump(place);
      return await promise;
    },
    connected: () => {
      isConnected = true;
      for (const place of [...places.values()]) pump(place);
    },
    disconnected: () => {
      isConnected = false;
    },
    [Symbol.dispose]: () => {
      isStopped = true;
      isConnected = false;
      for (const { latest } of places.values())
        latest?.settle({ kind: "dropped", reason: STOPPED });
      places.clear();
    },
  };
}
