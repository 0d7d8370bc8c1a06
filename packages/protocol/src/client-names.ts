/** ESPHome: its node's name, and the address of its network card. */
const WITH_MAC = /^(.+)-[\da-f]{12}$/;
/** Tasmota: the end of the address of its network card, as in the topic that it has at first. */
const TASMOTA = /^DVES_([\dA-F]{6})$/;
/** First levels of devices that others speak for: they have no connection of their own. */
const BRIDGED: ReadonlySet<string> = new Set([
  ...["homeassistant", "rtl_433", "ruuvi", "statestream", "zigbee2mqtt"],
]);

/** What a client id calls the device: the id itself, but for programs that put something around the device's name. */
export function nameInClientId(clientId: string): string {
  const [, node] = WITH_MAC.exec(clientId) ?? [];
  const [, tasmota] = TASMOTA.exec(clientId) ?? [];
  return node ?? (tasmota === undefined ? clientId : `tasmota_${tasmota}`);
}

/**
 * What a device may be called as a client: its topic without the stream, and the last level of it. Empty for devices
 * that have no connection of their own.
 *
 * @param deviceId as of `deviceOf`: `devices:devices/kitchen`.
 */
export function clientNamesOf(deviceId: string): string[] {
  const own = deviceId.slice(deviceId.indexOf(":") + 1);
  const levels = own.split("/");
  if (BRIDGED.has(levels[0] ?? "")) return [];
  return [...new Set([own, levels.at(-1) ?? ""])].filter((name) => name !== "");
}
