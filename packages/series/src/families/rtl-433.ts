import { type AboutField, readRecord } from "../reading/auto.ts";
import type { Message } from "../reading/message.ts";
import type { About, Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";

const TOPIC = /(?:^|\/)rtl_433/i;
const EVENTS = "/events";
/** The output "devices": a topic for each value. The levels behind it name the device, the last one the field. */
const DEVICE_FIELD = /\/devices\/(.+)\/([^/]+)$/;

/** Units, as the ends of the names of fields write them; the longest first. */
const UNITS: readonly (readonly [string, string])[] = [
  ["_ug_m3", "µg/m³"],
  ["_mm_h", "mm/h"],
  ["_in_h", "in/h"],
  ["_km_h", "km/h"],
  ["_mi_h", "mph"],
  ["_m_s", "m/s"],
  ["_inHg", "inHg"],
  ["_hPa", "hPa"],
  ["_kPa", "kPa"],
  ["_PSI", "psi"],
  ["_psi", "psi"],
  ["_kWh", "kWh"],
  ["_deg", "°"],
  ["_lux", "lx"],
  ["_ppm", "ppm"],
  ["_pct", "%"],
  ["_gal", "gal"],
  ["_mV", "mV"],
  ["_mm", "mm"],
  ["_in", "in"],
  ["_cm", "cm"],
  ["_km", "km"],
  ["_dB", "dB"],
  ["_m3", "m³"],
  ["_C", "°C"],
  ["_F", "°F"],
  ["_V", "V"],
  ["_A", "A"],
  ["_W", "W"],
  ["_l", "L"],
  ["_s", "s"],
];

const FIELDS: ReadonlyMap<string, About | null> = new Map<string, About | null>([
  ["time", null],
  // Which device it is, how its message was received and coded.
  ["id", null],
  ["channel", null],
  ["subtype", null],
  ["protocol", null],
  ["data", null],
  ["code", null],
  ["raw", null],
  ["payload", null],
  ["msg", null],
  ["msg_type", null],
  ["message_type", null],
  ["flags", null],
  ["sequence_num", null],
  ["sequence", null],
  ["humidity", { unit: "%" }],
  ["moisture", { unit: "%" }],
  ["rssi", { unit: "dB" }],
  ["snr", { unit: "dB" }],
  ["noise", { unit: "dB" }],
  ["freq", { unit: "MHz" }],
  ["freq1", { unit: "MHz" }],
  ["freq2", { unit: "MHz" }],
  // Since the sensor's last reset.
  ["rain_mm", { unit: "mm", kind: "counter" }],
  ["rain_in", { unit: "in", kind: "counter" }],
  ["energy_kWh", { unit: "kWh", kind: "counter" }],
  ["total_kWh", { unit: "kWh", kind: "counter" }],
  ["strike_count", { kind: "counter" }],
]);

/** What rtl_433 receives: many sensors on one topic ("events"), or a topic for each value ("devices"). */
export const rtl433: Family = {
  name: "rtl_433",
  hasOwnTopics: true,
  matches: (topic) => TOPIC.test(topic) || topic.endsWith(EVENTS),
  read: (message, reading) => {
    const { topic, object } = message;
    const field = DEVICE_FIELD.exec(topic);
    if (field !== null && object === null) {
      const [, device = "", name = ""] = field;
      readField(message, reading, name, device);
      return true;
    }
    if (object === null) return false;
    // Others publish events, too: on such a topic it must look like a message of a sensor.
    if (!TOPIC.test(topic) && (object.id === undefined || object.time === undefined)) return false;
    if (typeof object.model === "string") {
      readEvent(message, reading, object, object.model);
      return true;
    }
    if (object.frames === undefined || object.stats === undefined) return false;
    reading.ignore("", "about the receiver");
    return true;
  },
};

function readField(message: Message, reading: Reading, name: string, device: string): void {
  const about = aboutField(name, device);
  if (about === null) reading.ignore("", "not a reading");
  else reading.addValue("", message.text, about);
}

/** The series of a device get topics of their own. */
function readEvent(
  message: Message,
  reading: Reading,
  event: Readonly<Record<string, unknown>>,
  model: string,
): void {
  const parts = [event.type, model, event.subtype, event.channel, event.id];
  const device = parts
    .map(levelOf)
    .filter((level) => level !== "")
    .join("/");
  // A topic may name the device already.
  if (!message.topic.includes(levelOf(model))) reading.topic = `${message.topic}/${device}`;
  reading.takeTime(message, "time", event.time);
  const about: AboutField = (key) => aboutField(key, device);
  readRecord(reading, "", event, 0, about);
}

/** As rtl_433 makes levels of topics: without what MQTT forbids there. */
function levelOf(given: unknown): string {
  if (typeof given !== "string" && typeof given !== "number") return "";
  return String(given)
    .slice(0, 32)
    .replaceAll(/[^-.A-Za-z0-9]/g, "_");
}

function aboutField(key: string, device: string): About | null {
  const known = FIELDS.get(key);
  if (known === null) return null;
  if (known !== undefined) return { device, ...known };
  const unit = UNITS.find(([end]) => key.endsWith(end))?.[1];
  return unit === undefined ? { device } : { device, unit };
}
