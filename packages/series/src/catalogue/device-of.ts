import type { CataloguedSeries } from "./catalogue.ts";

/** A device that series belong to. */
export interface Device {
  /** Unique: the stream, and what tells the device from others there: `home:zigbee2mqtt/kitchen`. */
  id: string;
  /** For people: `kitchen`. */
  name: string;
}

/** First levels of Weir's own devices, and of programs made for Losant: `<prefix>/<id>/…`. */
const OWN_PREFIXES: ReadonlySet<string> = new Set(["devices", "losant"]);

/** First levels that only say in which direction a message goes: one device has several of them. */
const DIRECTIONS: ReadonlySet<string> = new Set(["tele", "stat", "cmnd"]);

/** First levels that only name a technology. */
const TECHNOLOGIES: ReadonlySet<string> = new Set([
  ...OWN_PREFIXES,
  ...DIRECTIONS,
  ...["esphome", "homeassistant", "homie", "owntracks", "rtl_433", "ruuvi", "sensor", "sensors"],
  ...["shellies", "statestream", "tasmota", "telegraf", "zigbee2mqtt"],
]);

/** Last levels that only say what kind of message it is, in lower case. */
const MESSAGE_KINDS: ReadonlySet<string> = new Set([
  ...["attributes", "availability", "data", "info", "lwt", "online", "reading", "readings"],
  ...["result", "sensor", "sensors", "state", "states", "status", "telemetry", "value", "values"],
]);

/** The parts of a node of ESPHome: `greenhouse/sensor/air_temperature/state`. */
const COMPONENTS: ReadonlySet<string> = new Set([
  ...["binary_sensor", "climate", "cover", "fan", "light", "lock", "number", "select", "sensor"],
  ...["switch", "text_sensor", "time", "valve"],
]);

/** First levels of statestream of Home Assistant, where each part is by itself: `homeassistant/sensor/hall/state`. */
const ENTITY_ROOTS: ReadonlySet<string> = new Set(["homeassistant", "statestream"]);

/** OpenMQTTGateway: `home/gateway/BTtoMQTT/…`. */
const GATEWAY_LEVEL = /toMQTT$/;

/**
 * Which device a series belongs to: the one that Weir's own topic names, otherwise the one that the catalogue names,
 * otherwise what the topic names beside the kind of the message or of the value.
 */
export function deviceOf({
  stream,
  topic,
  path,
  device,
}: Pick<CataloguedSeries, "stream" | "topic" | "path" | "device">): Device {
  const topicLevels = topic.split("/");
  const [first = "", second = ""] = topicLevels;
  // Its id is in each of its topics, and its name may come later.
  if (OWN_PREFIXES.has(first) && second !== "") {
    return { id: `${stream}:${first}/${second}`, name: device ?? second };
  }
  const levels = levelsOfDevice(topicLevels, path === "");
  const isOfTechnology = levels.length > 1 && TECHNOLOGIES.has(first);
  const rest = isOfTechnology ? levels.slice(1) : levels;
  const prefix = isOfTechnology && !DIRECTIONS.has(first) ? `${first}/` : "";
  return {
    id: `${stream}:${prefix}${device ?? rest.join("/")}`,
    name: device ?? behindGateway(rest).join("/"),
  };
}

/** The levels of a topic that a device has in common. @param isOneValue whether the payload is the value. */
function levelsOfDevice(levels: readonly string[], isOneValue: boolean): readonly string[] {
  const [first = "", second = "", third = ""] = levels;
  // Version 5 has its number behind the first level.
  if (first === "homie" && third !== "") return ["homie", second === "5" ? third : second];
  const component = levels.findIndex((level, at) => at > 0 && COMPONENTS.has(level));
  const isOfNode = component > 0 && component < levels.length - 2 && levels.at(-1) === "state";
  if (isOfNode && !ENTITY_ROOTS.has(first)) return levels.slice(0, component);
  const without = isOneValue && levels.length > 1 ? levels.slice(0, -1) : levels;
  return without.length > 1 && saysOnlyTheKind(without.at(-1) ?? "")
    ? without.slice(0, -1)
    : without;
}

function saysOnlyTheKind(level: string): boolean {
  return MESSAGE_KINDS.has(level.toLowerCase()) || GATEWAY_LEVEL.test(level);
}

/** A device is heard by a gateway, and has a name of its own. */
function behindGateway(levels: readonly string[]): readonly string[] {
  const own = levels.slice(levels.findIndex((level) => GATEWAY_LEVEL.test(level)) + 1);
  return own.length === 0 ? levels : own;
}
