import type { ReconnectingClient } from "@weir/mqtt";
import { errorMessage } from "@weir/runtime";
import { type Outcome, STOPPED } from "./message-class.ts";

/** One kind on one topic: at most one reading under way, and the latest behind it. */
interface Place {
  key: string;
  topic: string;
  latest: { payload: string; settle: (outcome: Outcome) => void } | null;
  isUnderWay: boolean;
}

/** Kinds and topics that have a reading waiting or under way at most. One more is dropped. */
const PLACES_MAX = 1_000;

/** Sends readings with QoS 0. While it cannot, it keeps only the latest reading of each kind and topic. */
export class TelemetryLane implements Disposable {
  readonly #publish: ReconnectingClient["publish"];
  readonly #places = new Map<string, Place>();
  #isConnected = false;
  #isStopped = false;

  constructor(publish: ReconnectingClient["publish"]) {
    this.#publish = publish;
  }

  async send(kind: string, topic: string, payload: object): Promise<Outcome> {
    if (this.#isStopped) return { kind: "dropped", reason: STOPPED };
    const place = this.#placeOf(kind, topic);
    if (place === null) {
      return { kind: "dropped", reason: `readings of ${PLACES_MAX} other topics wait` };
    }
    place.latest?.settle({ kind: "dropped", reason: "replaced by a newer one" });
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    place.latest = { payload: JSON.stringify(payload), settle: resolve };
    this.#pump(place);
    return await promise;
  }

  connected(): void {
    this.#isConnected = true;
    for (const place of [...this.#places.values()]) this.#pump(place);
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#isConnected = false;
    for (const { latest } of this.#places.values()) {
      latest?.settle({ kind: "dropped", reason: STOPPED });
    }
    this.#places.clear();
  }

  #placeOf(kind: string, topic: string): Place | null {
    const key = `${kind} ${topic}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    if (this.#places.size >= PLACES_MAX) return null;
    const place = { key, topic, latest: null, isUnderWay: false };
    this.#places.set(key, place);
    return place;
  }

  #pump(place: Place): void {
    if (!this.#isConnected || place.isUnderWay || place.latest === null) return;
    const { payload, settle } = place.latest;
    place.latest = null;
    place.isUnderWay = true;
    void this.#publish(place.topic, payload, { qos: 0 })
      .then(
        () => settle({ kind: "sent" }),
        // The next reading replaces it.
        (error: unknown) => settle({ kind: "dropped", reason: errorMessage(error) }),
      )
      .then(() => {
        place.isUnderWay = false;
        if (place.latest === null) this.#places.delete(place.key);
        else this.#pump(place);
      });
  }
}
