import { readRecord } from "../reading/auto.ts";
import { type Message, recordOf } from "../reading/message.ts";
import type { About, Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";
import { addFrames, addReception, decodedFields } from "./lorawan.ts";

const TOPIC =
  /(?:^|\/)v3\/[^/]+\/devices\/([^/]+)\/(up|join|down\/[a-z]+|service\/data|location\/solved)$/;

const UPLINK = "uplink_message";
const NORMALIZED = `${UPLINK}.normalized_payload`;

const CELSIUS: About = { unit: "°C" };
const PARTS_PER_MILLION: About = { unit: "ppm" };
const DEGREES: About = { unit: "°" };

/** The schema of normalized payloads, by the path behind `normalized_payload`. */
const NORMALIZED_FIELDS: ReadonlyMap<string, About> = new Map<string, About>([
  ["battery", { unit: "V" }],
  ["soil.depth", { unit: "cm" }],
  ["soil.moisture", { unit: "%" }],
  ["soil.temperature", CELSIUS],
  ["soil.ec", { unit: "dS/m" }],
  ["soil.n", PARTS_PER_MILLION],
  ["soil.p", PARTS_PER_MILLION],
  ["soil.k", PARTS_PER_MILLION],
  ["air.pressure", { unit: "hPa" }],
  ["air.relativeHumidity", { unit: "%" }],
  ["air.temperature", CELSIUS],
  ["air.co2", PARTS_PER_MILLION],
  ["air.lightIntensity", { unit: "lx" }],
  ["wind.direction", DEGREES],
  ["wind.speed", { unit: "m/s" }],
  ["rain.intensity", { unit: "mm/h" }],
  ["rain.cumulative", { unit: "mm", kind: "counter" }],
  ["water.temperature.min", CELSIUS],
  ["water.temperature.max", CELSIUS],
  ["water.temperature.avg", CELSIUS],
  ["water.temperature.current", CELSIUS],
  ["metering.water.total", { unit: "L", kind: "counter" }],
  ["action.motion.count", { kind: "counter" }],
  ["position.latitude", DEGREES],
  ["position.longitude", DEGREES],
]);

/** The uplinks of The Things Stack 3 (The Things Network). Fields that are 0, empty or false are missing. */
export const theThingsStack: Family = {
  name: "the-things-stack",
  matches: (topic) => TOPIC.test(topic),
  read: (message, reading) => {
    const [, device = "", type = ""] = TOPIC.exec(message.topic) ?? [];
    if (type !== "up") {
      reading.ignore("", `${type}: not a reading`);
      return true;
    }
    const { object } = message;
    const uplink = recordOf(object?.uplink_message);
    if (object === null || uplink === null) return false;
    if (object.simulated === true) {
      reading.ignore("", "a simulated message");
      return true;
    }
    // The network server's clock. Those of gateways may be wrong, and the application server reads it later.
    if (uplink.received_at === undefined) {
      reading.takeTime(message, "received_at", object.received_at);
    } else reading.takeTime(message, `${UPLINK}.received_at`, uplink.received_at);
    readUplink(message, reading, uplink, device);
    return true;
  },
};

function readUplink(
  message: Message,
  reading: Reading,
  uplink: Readonly<Record<string, unknown>>,
  device: string,
): void {
  addFrames(reading, `${UPLINK}.f_cnt`, uplink.f_cnt, device);
  const isLora = recordOf(recordOf(uplink.settings)?.data_rate)?.lora !== undefined;
  addReception(reading, `${UPLINK}.rx_metadata`, uplink.rx_metadata, { device, isLora });
  const battery = recordOf(uplink.last_battery_percentage);
  if (battery !== null) {
    reading.addValue(`${UPLINK}.last_battery_percentage.value`, battery.value, {
      unit: "%",
      device,
    });
  }
  const decoded = recordOf(uplink.decoded_payload);
  if (decoded === null) reading.ignore(`${UPLINK}.decoded_payload`, "no decoder, or no payload");
  else readRecord(reading, `${UPLINK}.decoded_payload`, decoded, 0, decodedFields(device));
  readNormalized(message, reading, uplink.normalized_payload, device);
}

/** Several measurements of the same sensors, each with its time where the device gives one. */
function readNormalized(
  message: Message,
  reading: Reading,
  measurements: unknown,
  device: string,
): void {
  if (!Array.isArray(measurements)) return;
  const { observedUs, timeSource } = reading;
  for (const measurement of measurements.map(recordOf)) {
    if (measurement === null) continue;
    reading.takeTime(message, `${NORMALIZED}.time`, measurement.time);
    readRecord(reading, NORMALIZED, measurement, 0, (_, path) => ({
      device,
      ...NORMALIZED_FIELDS.get(path.slice(NORMALIZED.length + 1)),
    }));
    reading.observedUs = observedUs;
    reading.timeSource = timeSource;
  }
}
