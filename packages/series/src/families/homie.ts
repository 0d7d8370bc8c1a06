import type { Memory } from "../reading/memory.ts";
import { type Message, recordOf } from "../reading/message.ts";
import type { About, Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";

/** From version 5 on the domain may have another name; the device stands behind the version. */
const FIVE = /^([^/]+\/5\/([a-z0-9-]+|\$broadcast))\/(.+)$/;
const BEFORE = /^(homie\/([^/]+))\/(.+)$/;

/** What is known of a property, as the device describes it. */
interface Property {
  name?: string;
  unit?: string;
  datatype?: string;
}

const ATTRIBUTES: ReadonlyMap<string, keyof Property> = new Map([
  ["$name", "name"],
  ["$unit", "unit"],
  ["$datatype", "datatype"],
]);
const STATES: ReadonlyMap<string, boolean> = new Map([
  ["ready", true],
  ["init", false],
  ["disconnected", false],
  ["sleeping", false],
  ["lost", false],
  ["alert", false],
]);
/** What a device of version 3, or of version 4 with an extension, says of itself. */
const STATS: ReadonlyMap<string, About> = new Map<string, About>([
  ["$stats/uptime", { unit: "s", kind: "counter" }],
  ["$stats/signal", { unit: "%" }],
  ["$stats/cputemp", { unit: "°C" }],
  ["$stats/cpuload", { unit: "%" }],
  ["$stats/battery", { unit: "%" }],
  ["$stats/freeheap", { unit: "B" }],
  ["$stats/supply", { unit: "V" }],
]);
const PROPERTY = /^[^/$]+\/[^/$]+$/;
const PROPERTIES_MAX = 1_000;
const TEXT_LENGTH_MAX = 256;

/** The Homie convention, versions 3 to 5: a topic for each value, described by retained messages. */
export const homie: Family = {
  name: "homie",
  concernsOthers: (topic) => topic.includes("/$"),
  matches: (topic) => FIVE.test(topic) || BEFORE.test(topic),
  read: (message, reading, memory) => {
    const five = FIVE.exec(message.topic);
    const [, base = "", device = "", rest = ""] = five ?? BEFORE.exec(message.topic) ?? [];
    const known = five === null ? undefined : memory.get(`homie ${base}`);
    const isHomie = message.topic.startsWith("homie/");
    // On a domain of another name only what a description announces is Homie's.
    if (!isHomie && known === undefined && rest !== "$description") return false;
    if (device === "$broadcast") reading.ignore("", "a broadcast");
    else if (rest === "$state") readState(message, reading, device);
    else if (rest === "$description" && five !== null) {
      if (typeof message.object?.homie !== "string") return isHomie && refuse(reading);
      readDescription(message.object, reading, memory, { base, device });
    } else if (STATS.has(rest)) {
      reading.addValue("", message.text, { device, ...STATS.get(rest) });
    } else if (PROPERTY.test(rest)) {
      const properties = known as Readonly<Record<string, Property>> | undefined;
      const property =
        five === null
          ? (memory.get(`homie ${message.topic}`) as Property | undefined)
          : ownOf(properties, rest);
      return readValue(message, reading, property ?? {}, device);
    } else if (rest.endsWith("/set")) reading.ignore("", "a command");
    else if (five !== null || !readAttribute(message, reading, memory, device)) {
      reading.ignore("", "an attribute");
    }
    return true;
  },
};

function refuse(reading: Reading): true {
  reading.ignore("", "no description");
  return true;
}

function readState({ text }: Message, reading: Reading, device: string): void {
  const isReady = STATES.get(text ?? "");
  if (isReady === undefined) reading.ignore("", "text");
  else reading.addValue("", isReady, { device });
}

function ownOf(
  properties: Readonly<Record<string, Property>> | undefined,
  path: string,
): Property | undefined {
  return properties !== undefined && Object.hasOwn(properties, path) ? properties[path] : undefined;
}

/** Version 5 describes a device with all its properties in one document. */
function readDescription(
  { nodes }: Readonly<Record<string, unknown>>,
  reading: Reading,
  memory: Memory,
  { base, device }: { base: string; device: string },
): void {
  reading.ignore("", "a description");
  const found: [string, Property][] = [];
  for (const [nodeId, node] of Object.entries(recordOf(nodes) ?? {})) {
    const properties = recordOf(recordOf(node)?.properties) ?? {};
    for (const [id, given] of Object.entries(properties)) {
      const path = `${nodeId}/${id}`;
      // Topics are made of these: no wildcard may come in.
      if (found.length < PROPERTIES_MAX && /^[a-z0-9-]+\/[a-z0-9-]+$/.test(path)) {
        found.push([path, propertyOf(recordOf(given) ?? {})]);
      }
    }
  }
  memory.set(`homie ${base}`, Object.fromEntries(found));
  for (const [path, property] of found) {
    reading.describe("", aboutOf(property, device), `${base}/${path}`);
  }
}

function propertyOf(given: Readonly<Record<string, unknown>>): Property {
  const { name, unit, datatype } = given;
  return {
    ...(isShortText(name) ? { name } : {}),
    ...(isShortText(unit) ? { unit } : {}),
    ...(isShortText(datatype) ? { datatype } : {}),
  };
}

function isShortText(given: unknown): given is string {
  return typeof given === "string" && given !== "" && given.length <= TEXT_LENGTH_MAX;
}

/** Before version 5 each attribute of a property has a topic of its own. */
function readAttribute(
  { topic, text }: Message,
  reading: Reading,
  memory: Memory,
  device: string,
): boolean {
  const slash = topic.lastIndexOf("/");
  const field = ATTRIBUTES.get(topic.slice(slash + 1));
  const property = topic.slice(0, slash);
  // Devices and nodes have a name, too.
  if (field === undefined || property.split("/").length !== 4 || !isShortText(text)) return false;
  const key = `homie ${property}`;
  const known: Property = { ...memory.get(key), [field]: text };
  memory.set(key, { ...known });
  reading.describe("", aboutOf(known, device), property);
  reading.ignore("", "an attribute");
  return true;
}

function aboutOf({ name, unit, datatype }: Property, device: string): About {
  const ownUnit = unit ?? (datatype === "percent" ? "%" : undefined);
  const kind = datatype === "boolean" ? "state" : undefined;
  return { device, name, unit: datatype === "duration" ? "s" : ownUnit, kind };
}

const NO_NUMBER: ReadonlyMap<string, string> = new Map([
  ["string", "text"],
  ["color", "a colour"],
  ["datetime", "a time"],
]);
const DURATION = /^P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/;

function readValue(
  message: Message,
  reading: Reading,
  property: Property,
  device: string,
): boolean {
  const { text } = message;
  const reason = NO_NUMBER.get(property.datatype ?? "");
  const about = aboutOf(property, device);
  if (reason !== undefined) reading.ignore("", reason);
  else if (property.datatype === "duration") reading.addValue("", secondsOf(text ?? ""), about);
  // What holds JSON is read by "auto".
  else if (message.object !== null || Array.isArray(message.json)) return false;
  else if (text === null) reading.ignore("", "bytes");
  else reading.addValue("", text, about);
  return true;
}

/** `null` for a text that is no duration. */
function secondsOf(text: string): number | null {
  const found = text.length > 1 ? DURATION.exec(text) : null;
  if (found === null) return null;
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = found;
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}
