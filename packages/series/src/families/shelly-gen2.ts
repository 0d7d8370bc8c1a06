import { type AboutField, readRecord } from "../reading/auto.ts";
import { recordOf } from "../reading/message.ts";
import { pathOf } from "../reading/path.ts";
import type { About, Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";

const NOTIFICATIONS = "/events/rpc";
const STATUS = /^(.+)\/status\/([a-z][a-z0-9_]*(?::\d+)?)$/;
const REQUESTS = /\/rpc$/;
const COMMANDS = /\/command\/[a-z][a-z0-9_]*:\d+$/;

const ENERGY: About = { unit: "Wh", kind: "counter" };
const POWER: About = { unit: "W" };
const APPARENT_POWER: About = { unit: "VA" };
const VOLTAGE: About = { unit: "V" };
const CURRENT: About = { unit: "A" };
const FREQUENCY: About = { unit: "Hz" };
const PERCENT: About = { unit: "%" };
const CELSIUS: About = { unit: "°C" };

const FIELDS: ReadonlyMap<string, About | null> = new Map<string, About | null>([
  // Which component, when, and how it is set up.
  ["id", null],
  ["ts", null],
  ["by_minute", null],
  ["xby_minute", null],
  ["minute_ts", null],
  ["timer_started_at", null],
  ["timer_duration", null],
  ["started_at", null],
  ["move_started_at", null],
  ["last_updated_ts", null],
  ["packet_id", null],
  // Words of which only some look like a state.
  ["last_direction", null],
  ["status", null],
  ["mac", null],
  ["ssid", null],
  ["time", null],
  ["unixtime", null],
  ["last_sync_ts", null],
  ["utc_offset", null],
  ["available_updates", null],
  ["restart_required", null],
  ["cfg_rev", null],
  ["kvs_rev", null],
  ["schedule_rev", null],
  ["webhook_rev", null],
  ["knx_rev", null],
  ["btrelay_rev", null],
  ["bthc_rev", null],
  ["reset_reason", null],
  ["wakeup_reason", null],
  ["wakeup_period", null],
  ["ram_size", null],
  ["fs_size", null],
  ["apower", POWER],
  ["aprtpower", APPARENT_POWER],
  ["voltage", VOLTAGE],
  ["current", CURRENT],
  ["freq", FREQUENCY],
  ["xfreq", FREQUENCY],
  ["tC", CELSIUS],
  ["tF", { unit: "°F" }],
  ["current_C", CELSIUS],
  ["target_C", CELSIUS],
  ["rh", PERCENT],
  ["current_humidity", PERCENT],
  ["target_humidity", PERCENT],
  ["lux", { unit: "lx" }],
  ["V", VOLTAGE],
  ["percent", PERCENT],
  ["battery", PERCENT],
  ["brightness", PERCENT],
  ["current_pos", PERCENT],
  ["target_pos", PERCENT],
  ["ct", { unit: "K" }],
  ["rssi", { unit: "dBm" }],
  ["uptime", { unit: "s", kind: "counter" }],
  ["ram_free", { unit: "B" }],
  ["ram_min_free", { unit: "B" }],
  ["fs_free", { unit: "B" }],
]);

/** Fields of energy meters, which begin with the phase: `a_act_power`, `total_aprt_power`. */
const METER_FIELDS: readonly (readonly [string, About])[] = [
  ["act_power", POWER],
  ["aprt_power", APPARENT_POWER],
  ["act_energy", ENERGY],
  ["act_ret_energy", ENERGY],
  ["total_act", ENERGY],
  ["total_act_ret", ENERGY],
  ["_voltage", VOLTAGE],
  ["_current", CURRENT],
  ["_freq", FREQUENCY],
];

/**
 * Shelly devices of the second generation and later. A notification holds the changes of several components, and
 * their time; a status topic the whole of one component. Both give the series `<device>#<component>.<field>`.
 */
export const shellyGen2: Family = {
  name: "shelly-gen2",
  hasOwnTopics: true,
  matches: (topic) =>
    topic.endsWith(NOTIFICATIONS) ||
    STATUS.test(topic) ||
    REQUESTS.test(topic) ||
    COMMANDS.test(topic),
  read: (message, reading) => {
    const { topic, object } = message;
    if (COMMANDS.test(topic)) {
      reading.ignore("", "a command");
      return true;
    }
    if (object === null) return false;
    const status = STATUS.exec(topic);
    if (status !== null) {
      const [, device = "", component = ""] = status;
      if (!isStatusOf(component, object)) return false;
      reading.topic = device;
      readComponent(reading, component, object, device);
      return true;
    }
    const params = recordOf(object.params);
    if (topic.endsWith(NOTIFICATIONS) && params !== null) {
      const { method } = object;
      if (method === "NotifyStatus" || method === "NotifyFullStatus") {
        reading.topic = topic.slice(0, -NOTIFICATIONS.length);
        reading.takeTime(message, "params.ts", params.ts);
        readComponents(reading, params);
      } else reading.ignore("", "an event");
      return true;
    }
    if (object.method === undefined && object.result === undefined && object.error === undefined)
      return false;
    reading.ignore("", "a request or a response");
    return true;
  },
};

/** Other devices have topics of this form, too: Shelly's components repeat their id, or have none. */
function isStatusOf(component: string, status: Readonly<Record<string, unknown>>): boolean {
  const colon = component.indexOf(":");
  if (colon > 0) return status.id === Number(component.slice(colon + 1));
  return SINGLE_COMPONENTS.has(component);
}

const SINGLE_COMPONENTS = new Set(["sys", "wifi", "cloud", "mqtt", "eth", "presence"]);
/** Programs of the user, and connections that say nothing of the device. */
const SKIPPED = /^(?:script|schedule|ws|ble|matter|knx|ota)\b/;

function readComponents(reading: Reading, params: Readonly<Record<string, unknown>>): void {
  for (const component in params) {
    const status = recordOf(params[component]);
    if (status !== null) readComponent(reading, component, status, reading.topic);
  }
}

function readComponent(
  reading: Reading,
  component: string,
  status: Readonly<Record<string, unknown>>,
  device: string,
): void {
  if (SKIPPED.test(component)) {
    reading.ignore(component, "not a reading");
    return;
  }
  const about: AboutField = (key, path) => aboutField(key, path, device);
  readRecord(reading, pathOf("", component), status, 1, about);
}

function aboutField(key: string, path: string, device: string): About | null {
  const known = FIELDS.get(key);
  if (known === null) return null;
  if (known !== undefined) return { device, ...known };
  // A cover is open, closed, or stopped on its way.
  if (key === "state" && path.startsWith("cover")) return null;
  // The sum of a counter of pulses, or of energy.
  if (key === "total" || key === "xtotal")
    return path.endsWith("energy.total") ? { device, ...ENERGY } : { device, kind: "counter" };
  const meter = METER_FIELDS.find(([end]) => key.endsWith(end))?.[1];
  return meter === undefined ? { device } : { device, ...meter };
}
