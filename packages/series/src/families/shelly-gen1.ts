import { type AboutField, readRecord } from "../reading/auto.ts";
import type { Message } from "../reading/message.ts";
import type { About, Reading } from "../reading/reading.ts";
import { numberOf } from "../reading/values.ts";
import type { Family } from "./family.ts";

const NO_READING = /(?:^|\/)(?:announce|settings|command|set)(?:\/|$)/;
const JSON_TOPIC = /^(?:info|status|(?:light|white|color)\/\d+\/status|input_event\/\d+)$/;

const CELSIUS: About = { unit: "°C" };
const PERCENT: About = { unit: "%" };
const STATE: About = { kind: "state" };

/** By the topic behind the device's id, each number of a channel as `0`. */
const FIELDS: ReadonlyMap<string, About> = new Map<string, About>([
  ["temperature", CELSIUS],
  ["temperature_f", { unit: "°F" }],
  ["ext_temperature/0", CELSIUS],
  ["ext_temperature_f/0", { unit: "°F" }],
  ["ext_humidity/0", PERCENT],
  ["ext_switch/0", STATE],
  ["input/0", STATE],
  ["longpush/0", STATE],
  ["overtemperature", STATE],
  ["overpower", STATE],
  ["overload", STATE],
  ["loaderror", STATE],
  ["charger", STATE],
  ["sensor/charger", STATE],
  ["sensor/vibration", STATE],
  ["voltage", { unit: "V" }],
  ["adc/0", { unit: "V" }],
  ["totalworktime", { unit: "s", kind: "counter" }],
  ["roller/0/pos", PERCENT],
  ["sensor/humidity", PERCENT],
  ["sensor/battery", PERCENT],
  ["sensor/lux", { unit: "lx" }],
  ["sensor/tilt", { unit: "°" }],
  ["sensor/concentration", { unit: "ppm" }],
  ["emeter/0/voltage", { unit: "V" }],
  ["emeter/0/current", { unit: "A" }],
  ["emeter_n/current", { unit: "A" }],
  ["emeter/0/reactive_power", { unit: "var" }],
  ["emeter/0/total", { unit: "Wh", kind: "counter" }],
  ["emeter/0/total_returned", { unit: "Wh", kind: "counter" }],
]);

/** The fields of its JSON. What is not here is a setting, the time of a timer, or about the program. */
const JSON_FIELDS: ReadonlyMap<string, About> = new Map<string, About>([
  ["ison", {}],
  ["overpower", {}],
  ["brightness", PERCENT],
  ["gain", PERCENT],
  ["temp", { unit: "K" }],
  ["power", { unit: "W" }],
  ["motion", {}],
  ["vibration", {}],
  ["lux", { unit: "lx" }],
  ["bat", PERCENT],
  ["event_cnt", { kind: "counter" }],
  ["uptime", { unit: "s", kind: "counter" }],
  ["wifi_sta.rssi", { unit: "dBm" }],
  ["bat.value", PERCENT],
  ["bat.voltage", { unit: "V" }],
  ["lux.value", { unit: "lx" }],
  ["sensor.motion", {}],
  ["sensor.vibration", {}],
  ["tmp.tC", CELSIUS],
  ["thermostats[0].pos", PERCENT],
  ["thermostats[0].tmp.value", {}],
  ["thermostats[0].target_t.value", {}],
]);
const JSON_PARENTS = new Set(["wifi_sta", "bat", "lux", "sensor", "tmp", "thermostats"]);
const THERMOSTAT_PARENTS = new Set(["thermostats[0].tmp", "thermostats[0].target_t"]);

/** Watt-minutes, which the first generation counts, in a watt-hour. */
const WATT_MINUTES = 60;

/** Shelly devices of the first generation: a topic for each value. */
export const shellyGen1: Family = {
  name: "shelly-gen1",
  matches: (topic) => topic.startsWith("shellies/"),
  read: (message, reading) => {
    const [, device = "", ...levels] = message.topic.split("/");
    const rest = levels.join("/");
    if (NO_READING.test(message.topic)) {
      reading.ignore("", "a command or a setting");
      return true;
    }
    if (message.object !== null) {
      if (!JSON_TOPIC.test(rest)) return false;
      readRecord(reading, "", message.object, 1, aboutJson(device));
      return true;
    }
    readValue(message, reading, rest.replace(/\/\d+/, "/0"), device);
    return true;
  },
};

function aboutJson(device: string): AboutField {
  return (key, path) => {
    const about = JSON_FIELDS.get(path);
    if (about !== undefined) return { device, ...about };
    return JSON_PARENTS.has(key) || THERMOSTAT_PARENTS.has(path) ? { device } : null;
  };
}

function readValue(message: Message, reading: Reading, field: string, device: string): void {
  const { text } = message;
  // These words say which way it moves: "close" is a blind on its way, and "stop" comes at any place.
  if (field === "roller/0") {
    reading.ignore("", "a movement");
    return;
  }
  const value = numberOf(text);
  if (value !== null && isNoValue(field, value)) {
    reading.ignore("", "no value");
    return;
  }
  if (value !== null && /\/(?:energy|returned_energy)$/.test(field)) {
    reading.addValue("", value / WATT_MINUTES, { device, unit: "Wh", kind: "counter" });
    return;
  }
  const about = /\/(?:power|overpower_value)$/.test(field) ? { unit: "W" } : FIELDS.get(field);
  reading.addValue("", text, { device, ...about });
}

/** What it sends for a sensor that is not there, and for a position that it does not know. */
function isNoValue(field: string, value: number): boolean {
  if (field === "roller/0/pos") return value < 0;
  return /temperature|humidity/.test(field) && value >= 999;
}
