import { type AboutField, readRecord } from "../reading/auto.ts";
import type { About, Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";

/** The kind of radio or sensor, and the device behind it where there is one. rtl_433 has a family of its own. */
const TOPIC = /\/(?!RTL_433)([A-Za-z0-9_]+)toMQTT(?:\/(.+))?$/;
const COMMAND = /\/commands\/MQTTto/;
/** Radios that receive codes of remote controls. */
const CODES = new Set(["433", "IR", "SRFB", "Pilight", "RF2"]);

const CELSIUS: About = { unit: "°C" };
const PERCENT: About = { unit: "%" };
const LIGHT: About = { unit: "lx" };
const ACCELERATION: About = { unit: "m/s²" };
const FINE_DUST: About = { unit: "µg/m³" };
const BYTES: About = { unit: "B" };
const COUNT: About = { kind: "counter" };

const FIELDS: ReadonlyMap<string, About | null> = new Map<string, About | null>([
  ["UTCtime", null],
  ["unixtime", null],
  // Which device it is, and what it sent, in hexadecimal digits that may be decimal ones.
  ["id", null],
  ["mac", null],
  ["mac_type", null],
  ["adv_type", null],
  ["name", null],
  ["model", null],
  ["model_id", null],
  ["mfid", null],
  ["uuid", null],
  ["major", null],
  ["minor", null],
  ["serial", null],
  ["manufacturerdata", null],
  ["servicedata", null],
  ["servicedatauuid", null],
  ["service", null],
  ["packet", null],
  ["seq", null],
  ["ctr", null],
  ["mic", null],
  ["cipher", null],
  ["encr", null],
  ["rpi", null],
  ["aem", null],
  ["hex", null],
  ["message", null],
  ["rssi", { unit: "dBm" }],
  ["txpower", { unit: "dBm" }],
  ["tx", { unit: "dBm" }],
  ["distance", { unit: "m" }],
  ["hum", PERCENT],
  ["moi", PERCENT],
  ["batt", PERCENT],
  ["volt", { unit: "V" }],
  ["pres", { unit: "hPa" }],
  ["lux", LIGHT],
  ["fer", { unit: "µS/cm" }],
  ["co2", { unit: "ppm" }],
  ["pm25", FINE_DUST],
  ["pm10", FINE_DUST],
  ["accx", ACCELERATION],
  ["accy", ACCELERATION],
  ["accz", ACCELERATION],
  ["impedance", { unit: "Ω" }],
  ["bpm", { unit: "bpm" }],
  ["lvl_cm", { unit: "cm" }],
  ["litres", { unit: "L" }],
  ["steps", COUNT],
]);

/** Of the gateway itself. The rest of its message is settings. */
const SYSTEM_FIELDS: ReadonlyMap<string, About> = new Map<string, About>([
  ["uptime", { unit: "s", kind: "counter" }],
  ["freemem", BYTES],
  ["minmem", BYTES],
  ["freestck", BYTES],
  ["tempc", CELSIUS],
  ["rssi", { unit: "dBm" }],
  ["msgprc", COUNT],
  ["msgrcv", COUNT],
  ["msgblck", COUNT],
]);

/** OpenMQTTGateway and Theengs Gateway: Bluetooth and other radio sensors, a topic for each device. */
export const openMqttGateway: Family = {
  name: "openmqttgateway",
  matches: (topic) => TOPIC.test(topic) || COMMAND.test(topic),
  read: (message, reading) => {
    const { topic, object } = message;
    if (COMMAND.test(topic)) {
      reading.ignore("", "a command");
      return true;
    }
    if (object === null) return false;
    const [, origin = "", device] = TOPIC.exec(topic) ?? [];
    if (CODES.has(origin)) {
      reading.ignore("", "the code of a remote control");
      return true;
    }
    const { UTCtime, unixtime, time } = object;
    if (UTCtime !== undefined) reading.takeTime(message, "UTCtime", UTCtime);
    else if (unixtime !== undefined) reading.takeTime(message, "unixtime", unixtime);
    // The local time of the gateway. A number is the clock of a device, which may run as it likes.
    else if (typeof time === "string") reading.takeTime(message, "time", time);
    if (origin === "SYS") readSystem(reading, object);
    else readRecord(reading, "", object, 0, aboutOf(object, device));
    return true;
  },
};

function readSystem(reading: Reading, object: Readonly<Record<string, unknown>>): void {
  for (const [field, about] of SYSTEM_FIELDS) {
    if (Object.hasOwn(object, field)) reading.addValue(field, object[field], about);
  }
}

function aboutOf(
  object: Readonly<Record<string, unknown>>,
  device: string | undefined,
): AboutField {
  return (key) => {
    const known = FIELDS.get(key);
    if (known === null) return null;
    if (key === "weight" && typeof object.unit === "string") return { device, unit: object.unit };
    // A sensor in a tyre.
    if (key === "pres" && object.model_id === "TPMS") return { device, unit: "bar" };
    if (known !== undefined) return { device, ...known };
    if (key.startsWith("tempc")) return { device, unit: "°C" };
    return key.startsWith("tempf") ? { device, unit: "°F" } : { device };
  };
}
