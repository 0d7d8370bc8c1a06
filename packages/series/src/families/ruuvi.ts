import { readRecord } from "../reading/auto.ts";
import type { About } from "../reading/reading.ts";
import type { Family } from "./family.ts";
import { decodeRuuvi } from "./ruuvi-advertisement.ts";

/** The gateway publishes each tag on its own topic; the prefix is a setting. */
const TOPIC = /\/((?:[0-9A-F]{2}:){5}[0-9A-F]{2})$/i;

const ACCELERATION: About = { unit: "g" };
const FINE_DUST: About = { unit: "µg/m³" };
const LOUDNESS: About = { unit: "dB" };

const FIELDS: ReadonlyMap<string, About | null> = new Map<string, About | null>([
  ["gw_mac", null],
  ["gwts", null],
  ["cnt", null],
  ["data", null],
  ["dataFormat", null],
  ["id", null],
  ["coords", null],
  ["rssi", { unit: "dBm" }],
  ["temperature", { unit: "°C" }],
  ["humidity", { unit: "%" }],
  ["pressure", { unit: "Pa" }],
  ["accelX", ACCELERATION],
  ["accelY", ACCELERATION],
  ["accelZ", ACCELERATION],
  ["voltage", { unit: "V" }],
  ["txPower", { unit: "dBm" }],
  ["movementCounter", { kind: "counter" }],
  ["measurementSequenceNumber", { kind: "counter" }],
  ["PM1.0", FINE_DUST],
  ["PM2.5", FINE_DUST],
  ["PM4.0", FINE_DUST],
  ["PM10.0", FINE_DUST],
  ["CO2", { unit: "ppm" }],
  ["luminosity", { unit: "lx" }],
  ["sound_inst_dba", LOUDNESS],
  ["sound_avg_dba", LOUDNESS],
  ["sound_peak_spl_db", LOUDNESS],
]);

/** Ruuvi tags behind a Ruuvi gateway, which sends their advertisements as bytes, decoded, or both. */
export const ruuvi: Family = {
  name: "ruuvi",
  matches: (topic) => TOPIC.test(topic),
  read: (message, reading) => {
    const { object } = message;
    if (object === null || typeof object.gw_mac !== "string") return false;
    const [, device = ""] = TOPIC.exec(message.topic) ?? [];
    const about = (key: string): About | null => {
      const known = FIELDS.get(key);
      return known === null ? null : { device, ...known };
    };
    reading.takeTime(message, "ts", object.ts);
    readRecord(reading, "", object, 0, about);
    const { data, dataFormat } = object;
    if (typeof data !== "string" || dataFormat !== undefined) return true;
    const measured = decodeRuuvi(data);
    if (measured === null) reading.ignore("data", "not of a known Ruuvi format");
    else readRecord(reading, "", measured, 0, about);
    return true;
  },
};
