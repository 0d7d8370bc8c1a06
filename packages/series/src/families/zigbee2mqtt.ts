import { readRecord } from "../reading/auto.ts";
import type { Memory } from "../reading/memory.ts";
import { type Message, recordOf } from "../reading/message.ts";
import { pathOf } from "../reading/path.ts";
import type { About, Reading } from "../reading/reading.ts";
import { numberOf } from "../reading/values.ts";
import type { Family } from "./family.ts";
import { isColour, learnBridge, learnDevices } from "./zigbee2mqtt-bridge.ts";

const BASE = "zigbee2mqtt";
const AVAILABILITY = "/availability";
const COMMAND = /\/[gs]et(?:\/|$)/;
const OPENING_BRACE = 0x7b;

/** Units that a name has in all definitions but for one or two. `voltage` and `pressure` have several. */
const NAMED: ReadonlyMap<string, About> = new Map<string, About>([
  ["linkquality", { unit: "lqi" }],
  ["battery", { unit: "%" }],
  ["temperature", { unit: "°C" }],
  ["local_temperature", { unit: "°C" }],
  ["device_temperature", { unit: "°C" }],
  ["current_heating_setpoint", { unit: "°C" }],
  ["occupied_heating_setpoint", { unit: "°C" }],
  ["humidity", { unit: "%" }],
  ["soil_moisture", { unit: "%" }],
  ["illuminance", { unit: "lx" }],
  ["co2", { unit: "ppm" }],
  ["pm25", { unit: "µg/m³" }],
  ["power", { unit: "W" }],
  ["current", { unit: "A" }],
  ["ac_frequency", { unit: "Hz" }],
  ["energy", { unit: "kWh", kind: "counter" }],
  ["produced_energy", { unit: "kWh", kind: "counter" }],
  ["color_temp", { unit: "mired" }],
  ["position", { unit: "%" }],
  ["pi_heating_demand", { unit: "%" }],
  ["elapsed", { unit: "ms" }],
]);
/** A device with several outlets or sensors adds one of these to a name. */
const ENDPOINT = /_(?:l?\d+|left|right|top|bottom|center)$/;

/** Numbers that are no measurements: who pressed, which firmware there is. */
const IDS = new Set(["action_group", "action_user", "action_source", "group_id", "scene_id"]);
/** Nine of ten enumerations that have "on", "off" and the like among other words. `bridge/devices` names the others. */
const ENUMERATION =
  /^(?:action|effect|(?:(?:system|running|fan|backlight|indicator|light)_)?mode|preset|power_on_behavior|power_outage_memory|switch_actions|keypad_lockout|motor_state|(?:relay|indicator)_status)(?:_(?:l?\d+|left|right))?$/;

/** Devices of Zigbee2MQTT 2, under its base topic or another one that its messages give away. */
export const zigbee2mqtt: Family = {
  name: "zigbee2mqtt",
  matches: () => true,
  concernsOthers: (topic) => topic.includes("/bridge/"),
  isAnnouncement: (topic) => topic.endsWith("/bridge/devices"),
  read: (message, reading, memory) => {
    const base = baseOf(message.topic, memory);
    if (base === null) return readUnderUnknownBase(message, reading, memory);
    const rest = message.topic.slice(base.length + 1);
    if (rest.startsWith("bridge/")) readBridge(message, reading, memory, base);
    else if (COMMAND.test(rest)) reading.ignore("", "a command");
    else if (rest.endsWith(AVAILABILITY))
      readAvailability(message, reading, rest.slice(0, -AVAILABILITY.length));
    else if (message.object === null) readAttribute(message, reading, memory, base);
    else readDevice(message, reading, memory, rest);
    return true;
  },
};

/** The base topic that a topic is under; `null` where it is under none that is known. */
function baseOf(topic: string, memory: Memory): string | null {
  if (topic.startsWith(`${BASE}/`)) return BASE;
  const bases = memory.get(BASE)?.bases as readonly string[] | undefined;
  return bases?.find((base) => topic.startsWith(`${base}/`)) ?? null;
}

/** A device's link quality, or what the bridge says of itself, is on no other program's topics. */
function readUnderUnknownBase(message: Message, reading: Reading, memory: Memory): boolean {
  const { topic, payload } = message;
  if (payload[0] === OPENING_BRACE && typeof message.object?.linkquality === "number") {
    readDevice(message, reading, memory, undefined);
    return true;
  }
  const bridge = topic.indexOf("/bridge/");
  if (bridge <= 0) return false;
  const base = topic.slice(0, bridge);
  if (!learnBridge(message, memory, base)) return false;
  readBridge(message, reading, memory, base);
  return true;
}

function readBridge(message: Message, reading: Reading, memory: Memory, base: string): void {
  const about = message.topic.slice(base.length + "/bridge/".length);
  if (about === "state") readAvailability(message, reading, "bridge");
  else {
    if (about === "devices") learnDevices(message, reading, memory, base);
    reading.ignore("", "about the bridge");
  }
}

/** `{"state":"online"}`, or the word alone. */
function readAvailability(message: Message, reading: Reading, device: string): void {
  const { object } = message;
  if (object === null) reading.addValue("", message.text, { device });
  else reading.addValue("state", object.state, { device });
}

/** What is remembered of a device: why some of its fields are no readings. */
function unreadOf(memory: Memory, topic: string): Readonly<Record<string, string>> | null {
  return (memory.get(`${BASE} ${topic}`)?.unread as Record<string, string> | undefined) ?? null;
}

function readDevice(
  message: Message,
  reading: Reading,
  memory: Memory,
  nameInTopic: string | undefined,
): void {
  const object = message.object ?? {};
  const named = recordOf(object.device)?.friendlyName;
  const device = typeof named === "string" ? named : nameInTopic;
  const unread = unreadOf(memory, message.topic);
  reading.takeTime(message, "last_seen", object.last_seen);
  for (const key in object) {
    if (key === "last_seen") continue;
    const path = pathOf("", key);
    const value = object[key];
    const reason = reasonAgainst(key, value, unread);
    const about = aboutOf(key, device, unread !== null);
    if (reason !== null) reading.ignore(path, reason);
    else if (typeof value === "object" && value !== null)
      readRecord(reading, path, value as Record<string, unknown>, 1, () => about);
    else reading.addValue(path, value, about);
  }
}

/** With the outputs "attribute" and "attribute_and_json" each value has a topic: `<base>/<device>/<attribute>`. */
function readAttribute(message: Message, reading: Reading, memory: Memory, base: string): void {
  const { topic } = message;
  const end = topic.lastIndexOf("/");
  const key = topic.slice(end + 1);
  const device = topic.slice(base.length + 1, end);
  const unread = unreadOf(memory, topic.slice(0, end));
  const [outer = "", inner] = key.split("-", 2);
  const value = inner === undefined ? message.text : {};
  const reason = key === "last_seen" ? "not a reading" : reasonAgainst(outer, value, unread);
  if (reason !== null) reading.ignore("", reason);
  else reading.addValue("", message.text, aboutOf(key, device || undefined, unread !== null));
}

/** Why a field is no reading; `null` for one that may be. */
function reasonAgainst(
  key: string,
  value: unknown,
  unread: Readonly<Record<string, string>> | null,
): string | null {
  if (typeof value === "object" && value !== null) {
    return isColour(key) && !Array.isArray(value) ? null : "not a measurement";
  }
  if (IDS.has(key)) return "not a reading";
  if (typeof value !== "string") return null;
  if (unread !== null && Object.hasOwn(unread, key)) {
    const reason = unread[key] as string;
    return reason === "text" || numberOf(value) === null ? reason : null;
  }
  const isWord = unread === null && numberOf(value) === null;
  return isWord && ENUMERATION.test(key) ? "an enumeration" : null;
}

/** @param isAnnounced what `bridge/devices` says of the field is known better. */
function aboutOf(key: string, device: string | undefined, isAnnounced: boolean): About {
  const known = isAnnounced ? undefined : (NAMED.get(key) ?? NAMED.get(key.replace(ENDPOINT, "")));
  return device === undefined ? { ...known } : { device, ...known };
}
