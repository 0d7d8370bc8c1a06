import { textOf } from "./outside-text.ts";

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

/** The filters of the topics with birth and will. @param prefixes the first levels of the topics of Weir's devices. */
export function presenceFilters(prefixes: readonly string[]): string[] {
  const own = prefixes.map((prefix) => `${prefix}/+/availability`);
  return [...new Set([...own, ...OTHERS])];
}

/** The topics on which a device may say that it is there. @param own what the device's topics have in common. */
export function presenceTopicsOf(own: string): string[] {
  return [`${own}/availability`, `tele/${own}/LWT`, `${own}/status`, `${own}/online`];
}

/** What a birth or a will says; `null` for anything else. */
export function presenceIn(payload: Buffer): boolean | null {
  if (payload.length > PAYLOAD_BYTES_MAX) return null;
  const text = textOf(payload).trim().toLowerCase();
  const word = /^\{\s*"state"\s*:\s*"(\w+)"\s*\}$/.exec(text)?.[1] ?? text;
  if (word === "online" || word === "true") return true;
  return word === "offline" || word === "false" ? false : null;
}
