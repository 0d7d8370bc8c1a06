import { type AboutField, readRecord } from "../reading/auto.ts";
import type { Memory } from "../reading/memory.ts";
import { type Message, recordOf } from "../reading/message.ts";
import type { About, Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";

const DISCOVERY = "tasmota/discovery/";
const COMMAND = /(?:^|\/)cmnd\//;
const REPORT =
  /(?:^|\/)(?:tele|stat)\/(?:.*\/)?(?:SENSOR|STATE|RESULT|LWT|INFO\d|STATUS\d*|POWER\d*)$/;

const ENERGY_TOTAL: About = { unit: "kWh", kind: "counter" };
const ENERGY: ReadonlyMap<string, About> = new Map<string, About>([
  ["Total", ENERGY_TOTAL],
  ["TotalTariff", ENERGY_TOTAL],
  ["Today", ENERGY_TOTAL],
  ["TodaySumImport", ENERGY_TOTAL],
  ["TodaySumExport", ENERGY_TOTAL],
  ["ExportActive", ENERGY_TOTAL],
  ["ExportTariff", ENERGY_TOTAL],
  ["ImportActive", ENERGY_TOTAL],
  ["Yesterday", { unit: "kWh" }],
  ["Period", { unit: "Wh" }],
  ["Power", { unit: "W" }],
  ["ApparentPower", { unit: "VA" }],
  ["ReactivePower", { unit: "var" }],
  ["Frequency", { unit: "Hz" }],
  ["Voltage", { unit: "V" }],
  ["Current", { unit: "A" }],
]);

const ZIGBEE: ReadonlyMap<string, About | null> = new Map<string, About | null>([
  ["Endpoint", null],
  ["Group", null],
  ["Temperature", { unit: "°C" }],
  ["Humidity", { unit: "%" }],
  ["Pressure", { unit: "hPa" }],
  ["BatteryPercentage", { unit: "%" }],
  ["BatteryVoltage", { unit: "V" }],
]);

const OTHERS: ReadonlyMap<string, About | null> = new Map<string, About | null>([
  ["Epoch", null],
  // Text that may consist of digits alone.
  ["Id", null],
  ["Address", null],
  ["Color", null],
  ["Wifi.SSId", null],
  // Settings.
  ["Sleep", null],
  ["Fade", null],
  ["LedTable", null],
  ["Wifi.AP", null],
  ["Wifi.Channel", null],
  // The quality of the reception; `Signal` is its level.
  ["Wifi.RSSI", { unit: "%" }],
  ["Wifi.Signal", { unit: "dBm" }],
  ["Wifi.LinkCount", { kind: "counter" }],
  ["MqttCount", { kind: "counter" }],
  ["UptimeSec", { unit: "s", kind: "counter" }],
  ["Heap", { unit: "kB" }],
  ["Vcc", { unit: "V" }],
  ["Dimmer", { unit: "%" }],
  ["Humidity", { unit: "%" }],
  ["Moisture", { unit: "%" }],
  ["Battery", { unit: "%" }],
  ["Illuminance", { unit: "lx" }],
  ["CarbonDioxide", { unit: "ppm" }],
  ["eCO2", { unit: "ppm" }],
  ["TVOC", { unit: "ppb" }],
  ["PM1", { unit: "µg/m³" }],
  ["PM2.5", { unit: "µg/m³" }],
  ["PM10", { unit: "µg/m³" }],
  ["Voltage", { unit: "V" }],
  ["Current", { unit: "A" }],
  ["Power", { unit: "W" }],
]);
const TEMPERATURES = new Set(["Temperature", "DewPoint", "HeatIndex", "ProbeTemperature"]);
const PRESSURES = new Set(["Pressure", "SeaPressure"]);

/** Tasmota's sensors and states. Its times are local and have no zone, its units stand beside the values. */
export const tasmota: Family = {
  name: "tasmota",
  matches: (topic) => REPORT.test(topic) || COMMAND.test(topic) || topic.startsWith(DISCOVERY),
  concernsOthers: (topic) => topic.startsWith(DISCOVERY),
  read: (message, reading, memory) => {
    const { topic } = message;
    if (topic.startsWith(DISCOVERY)) return readDiscovery(message, reading, memory);
    if (COMMAND.test(topic)) {
      reading.ignore("", "a command");
      return true;
    }
    const base = baseOf(topic.split("/").slice(0, -1));
    const device = (memory.get(`tasmota ${base}`)?.device as string | undefined) ?? base;
    const last = topic.slice(topic.lastIndexOf("/") + 1);
    const { object } = message;
    if (last === "LWT" || last.startsWith("POWER")) {
      if (object !== null) return false;
      reading.addValue("", message.text, { device });
    } else if (object === null) return false;
    else if (last.startsWith("INFO")) reading.ignore("", "about the program");
    else if (last === "RESULT") readResult(reading, object, device);
    else if (last.startsWith("STATUS")) readStatus(message, reading, object, device);
    else readReport(message, reading, "", object, device);
    return true;
  },
};

/** Remembers the name that a user gave to a device. */
function readDiscovery(message: Message, reading: Reading, memory: Memory): boolean {
  reading.ignore("", "a configuration");
  const { dn, t, ft, hn, mac } = message.object ?? {};
  if (typeof dn !== "string" || typeof t !== "string" || typeof ft !== "string") return true;
  const topic = ft
    .replaceAll("%topic%", t)
    .replaceAll("%hostname%", String(hn))
    .replaceAll("%id%", String(mac));
  const base = baseOf(topic.split("/"));
  if (base.length <= 256 && dn.length <= 256) memory.set(`tasmota ${base}`, { device: dn });
  return true;
}

/** The levels that name a device: all but the prefix. */
function baseOf(levels: readonly string[]): string {
  const prefix = levels.findIndex((level) => ["tele", "stat", "%prefix%"].includes(level));
  return levels.filter((level, index) => index !== prefix && level !== "").join("/");
}

/** Responses hold settings. Only the states of relays are read: with SetOption90 they come nowhere else. */
function readResult(reading: Reading, object: Readonly<Record<string, unknown>>, device: string) {
  for (const key in object) {
    if (/^POWER\d*$/.test(key)) reading.addValue(key, object[key], { device });
    else reading.ignore(key, "a response");
  }
}

/** Of the responses to Status, 8, 10 and 11 hold what SENSOR and STATE do. */
function readStatus(
  message: Message,
  reading: Reading,
  object: Readonly<Record<string, unknown>>,
  device: string,
): void {
  for (const key of ["StatusSNS", "StatusSTS"]) {
    const section = recordOf(object[key]);
    if (section !== null) readReport(message, reading, key, section, device);
  }
  if (reading.points.length === 0) reading.ignore("", "a response");
}

function readReport(
  message: Message,
  reading: Reading,
  parent: string,
  report: Readonly<Record<string, unknown>>,
  device: string,
): void {
  const { Epoch, Time } = report;
  // With the setting "Time 2" the local time has the same time in UTC beside it.
  if (Epoch !== undefined) reading.takeTime(message, "Epoch", Epoch);
  else reading.takeTime(message, "Time", Time);
  readRecord(reading, parent, report, 0, aboutOf(report, device));
}

function aboutOf(report: Readonly<Record<string, unknown>>, device: string): AboutField {
  const { TempUnit, PressureUnit, SpeedUnit } = report;
  const temperature = typeof TempUnit === "string" ? { device, unit: `°${TempUnit}` } : { device };
  const pressure = typeof PressureUnit === "string" ? { device, unit: PressureUnit } : { device };
  const speed = typeof SpeedUnit === "string" ? { device, unit: SpeedUnit } : { device };
  return (key, path) => {
    if (/\bENERGY\./.test(path)) return { device, ...ENERGY.get(key) };
    const table = path.startsWith("Zb") ? ZIGBEE : OTHERS;
    const about = table.get(path.includes("Wifi.") ? `Wifi.${key}` : key);
    if (about === null) return null;
    if (about !== undefined) return { device, ...about };
    if (TEMPERATURES.has(key)) return temperature;
    if (PRESSURES.has(key)) return pressure;
    return /\bSpeed\b/.test(path) ? speed : { device };
  };
}
