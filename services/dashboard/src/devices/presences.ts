import type { BrokerLink, InboundMessage } from "@weir/mqtt";
import { presenceFilters, presenceIn, presenceTopicsOf } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { deviceOf } from "@weir/series";
import type { Presence } from "./device-state.ts";

/** Devices whose birth and will are kept at most; those of more are left out. */
const PRESENCES_MAX = 10_000;
const TOPIC_LENGTH_MAX = 1_024;

/** Keys of a device whose topics are looked for in the store. */
const KEYS_MAX = 5;

/** What a topic has in common with all those of its device, whichever stream it is on. */
export function presenceKey(topic: string, path = ""): string {
  return deviceOf({ stream: "", topic, path, device: null }).id;
}

/** The topics on which a device may say that it is there, out of the keys of its topics. */
export function presenceTopicsIn(keys: Iterable<string>): string[] {
  return [...keys].slice(0, KEYS_MAX).flatMap((key) => presenceTopicsOf(key.slice(1)));
}

/** Birth and will of devices, as the broker has them. */
export class Presences {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Presence>();
  readonly #onChange: (() => void)[] = [];

  /** @param prefixes the first levels of the topics of Weir's devices. */
  constructor(link: BrokerLink, prefixes: readonly string[], clock: Clock) {
    this.#clock = clock;
    for (const filter of presenceFilters(prefixes)) {
      link.listen(filter, (message) => this.#take(message));
    }
  }

  /** @param keys the `presenceKey` of the device's topics. */
  of(keys: Iterable<string>): Presence | null {
    for (const key of keys) {
      const presence = this.#byKey.get(key);
      if (presence !== undefined) return presence;
    }
    return null;
  }

  /** Calls back when a device has come or gone. */
  onChange(changed: () => void): void {
    this.#onChange.push(changed);
  }

  #take({ topic, payload, retained }: InboundMessage): void {
    if (topic.length > TOPIC_LENGTH_MAX) return;
    const key = presenceKey(topic);
    const known = this.#byKey.get(key);
    // An empty message removes what the broker keeps.
    if (payload.length === 0) this.#byKey.delete(key);
    else {
      const isOnline = presenceIn(payload);
      if (isOnline === null || isOnline === known?.isOnline) return;
      if (known === undefined && this.#byKey.size >= PRESENCES_MAX) return;
      this.#byKey.set(key, { isOnline, sinceMs: retained ? null : this.#clock.now() });
    }
    for (const changed of this.#onChange) changed();
  }
}
