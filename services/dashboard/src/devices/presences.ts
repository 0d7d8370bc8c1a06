import type { InboundMessage } from "@weir/mqtt";
import { textOf } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { deviceOf } from "@weir/series";
import type { BrokerLink } from "../sources/broker-link.ts";
import type { Presence } from "./device-state.ts";

/** Devices whose birth and will are kept at most; those of more are left out. */
const PRESENCES_MAX = 10_000;
const TOPIC_LENGTH_MAX = 1_024;
const PAYLOAD_BYTES_MAX = 256;

/** Where others than Weir's devices say that they are there: Zigbee2MQTT, Tasmota, ESPHome, Shelly. */
const OTHERS = [
  "zigbee2mqtt/+/availability",
  "zigbee2mqtt/+/+/availability",
  "tele/+/LWT",
  "+/status",
  "+/online",
  "shellies/+/online",
] as const;

/** Keys of a device whose topics are looked for in the store. */
const KEYS_MAX = 5;

/** What a birth or a will says; `null` for anything else. */
export function presenceIn(payload: Buffer): boolean | null {
  if (payload.length > PAYLOAD_BYTES_MAX) return null;
  const text = textOf(payload).trim().toLowerCase();
  const word = /^\{\s*"state"\s*:\s*"(\w+)"\s*\}$/.exec(text)?.[1] ?? text;
  if (word === "online" || word === "true") return true;
  return word === "offline" || word === "false" ? false : null;
}

/** What a topic has in common with all those of its device, whichever stream it is on. */
export function presenceKey(topic: string, path = ""): string {
  return deviceOf({ stream: "", topic, path, device: null }).id;
}

/** The topics on which a device may say that it is there, out of the keys of its topics. */
export function presenceTopicsOf(keys: Iterable<string>): string[] {
  return [...keys].slice(0, KEYS_MAX).flatMap((key) => {
    const own = key.slice(1);
    return [`${own}/availability`, `tele/${own}/LWT`, `${own}/status`, `${own}/online`];
  });
}

/** Birth and will of devices, as the broker has them. */
export class Presences {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Presence>();
  readonly #onChange: (() => void)[] = [];

  /** @param prefixes the first levels of the topics of Weir's devices. */
  constructor(link: BrokerLink, prefixes: readonly string[], clock: Clock) {
    this.#clock = clock;
    const own = prefixes.map((prefix) => `${prefix}/+/availability`);
    for (const filter of new Set([...own, ...OTHERS])) {
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
