import type { Memory } from "../reading/memory.ts";
import { type Message, recordOf } from "../reading/message.ts";
import { rememberWords, type WordPair } from "../reading/own-words.ts";
import { type Path, pathOf } from "../reading/path.ts";
import type { About, Kind, Reading } from "../reading/reading.ts";
import { numberOf, stateOf } from "../reading/values.ts";

const BASES_MAX = 16;
const DEVICES_MAX = 1_000;
/** Fields of a device at most. */
const FIELDS_MAX = 256;
/** Features within features at most. */
const DEPTH_MAX = 3;
const TEXT_LENGTH_MAX = 256;

/** Their states are enumerations of the words of a state and others, such as STOP. */
const MOVABLE: ReadonlySet<unknown> = new Set(["cover", "lock"]);

/** In `access`: the value is in what the device publishes. */
const PUBLISHED = 1;

/** Units that definitions write in several ways. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ["C", "°C"],
  ["℉", "°F"],
  ["sec", "s"],
  ["second", "s"],
  ["seconds", "s"],
  ["min.", "min"],
  ["minutes", "min"],
  ["hr", "h"],
  ["hour", "h"],
  ["hours", "h"],
]);

/** Names of sums that only grow. The unit of an energy is that of one. */
const COUNTER = /^(?:gas|precipitation|water_consumed|\w*_count)(?:_l?\d+)?$/;
const ENERGY = /energy/;
const NOT_A_SUM = /yesterday|last|previous|min|max|threshold|limit/;

/**
 * Learns that a base topic is one of Zigbee2MQTT, from what its bridge says of itself.
 *
 * @returns false for a message that is not of a bridge.
 */
export function learnBridge({ topic, json }: Message, memory: Memory, base: string): boolean {
  const about = topic.slice(base.length + "/bridge/".length);
  if (about === "devices") {
    if (!Array.isArray(json) || typeof recordOf(json[0])?.ieee_address !== "string") return false;
  } else if (about !== "info" || recordOf(json)?.zigbee_herdsman === undefined) return false;
  const bases = (memory.get("zigbee2mqtt")?.bases as readonly string[] | undefined) ?? [];
  if (bases.length >= BASES_MAX || base.length > TEXT_LENGTH_MAX) return false;
  memory.set("zigbee2mqtt", { bases: [...bases, base] });
  return true;
}

/** What the definitions of one device say. */
interface Learned {
  about: Map<Path, About>;
  /** Why fields are no readings. */
  unread: Map<string, string>;
  words: Map<Path, WordPair>;
}

/** Describes the series of all devices, and remembers which fields are words, and which words are states. */
export function learnDevices(
  { json }: Message,
  reading: Reading,
  memory: Memory,
  base: string,
): void {
  if (!Array.isArray(json)) return;
  if (json.length > DEVICES_MAX) reading.leaveOut("", `more than ${DEVICES_MAX} devices`);
  for (const given of json.slice(0, DEVICES_MAX)) {
    const device = recordOf(given)?.friendly_name;
    const exposes = recordOf(recordOf(given)?.definition)?.exposes;
    if (!isShortText(device) || !Array.isArray(exposes)) continue;
    const topic = `${base}/${device}`;
    const learned: Learned = { about: new Map(), unread: new Map(), words: new Map() };
    const root = { type: null, path: "" };
    for (const expose of exposes) learn(learned, device, expose, root, 0);
    for (const [path, about] of learned.about) {
      // A source of its own: a reading that says less must not replace it.
      reading.metadata.push({ topic, path, source: "zigbee2mqtt/bridge", about });
    }
    memory.set(`zigbee2mqtt ${topic}`, { unread: Object.fromEntries(learned.unread) });
    rememberWords(memory, topic, [...learned.words]);
  }
}

/** @param parent the expose that has this one as a feature. */
function learn(
  learned: Learned,
  device: string,
  given: unknown,
  parent: { type: unknown; path: Path },
  depth: number,
): void {
  const expose = recordOf(given);
  if (expose === null || depth > DEPTH_MAX || learned.about.size >= FIELDS_MAX) return;
  const { type, property, features } = expose;
  const isComposite = type === "composite";
  if (isComposite && !isColour(property)) return;
  const path = isShortText(property) ? pathOf(parent.path, property) : parent.path;
  if (Array.isArray(features)) {
    // The features of a light, a cover and the like are fields of the payload themselves.
    const within = { type, path: isComposite ? path : parent.path };
    for (const feature of features) learn(learned, device, feature, within, depth + 1);
  } else if (isShortText(property) && isPublished(expose.access)) {
    const name = `${device} ${isShortText(expose.label) ? expose.label : property}`;
    learnField(learned, expose, property, path, { device, name }, MOVABLE.has(parent.type));
  }
}

function learnField(
  { about, unread, words }: Learned,
  expose: Readonly<Record<string, unknown>>,
  property: string,
  path: Path,
  named: About,
  isMovable: boolean,
): void {
  const { type, values, value_on, value_off } = expose;
  if (type === "numeric") {
    const unit = unitOf(expose.unit);
    about.set(path, { ...named, unit, kind: kindOf(property, unit) });
  } else if (type === "binary") {
    about.set(path, { ...named, kind: "state" });
    if (isShortText(value_on) && isShortText(value_off)) words.set(path, [value_on, value_off]);
  } else if (type === "text") unread.set(property, "text");
  else if (type === "enum" && areNumbers(values)) about.set(path, named);
  else if (type === "enum" && (isMovable || (property !== "action" && areStates(values))))
    about.set(path, { ...named, kind: "state" });
  else if (type === "enum") unread.set(property, "an enumeration");
}

/** The only composite values that are no settings. */
export function isColour(property: unknown): boolean {
  return (
    typeof property === "string" && property.startsWith("color") && property !== "color_options"
  );
}

const isShortText = (given: unknown): given is string =>
  typeof given === "string" && given !== "" && given.length <= TEXT_LENGTH_MAX;

const isPublished = (access: unknown): boolean =>
  typeof access !== "number" || (access & PUBLISHED) !== 0;

const areNumbers = (values: unknown): boolean =>
  Array.isArray(values) && values.every((value) => numberOf(value) !== null);

const areStates = (values: unknown): boolean =>
  Array.isArray(values) && values.length === 2 && values.every((value) => stateOf(value) !== null);

function unitOf(given: unknown): string | undefined {
  if (!isShortText(given)) return undefined;
  const unit = given.trim();
  return UNITS.get(unit) ?? UNITS.get(unit.toLowerCase()) ?? unit;
}

function kindOf(property: string, unit: string | undefined): Kind | undefined {
  if (NOT_A_SUM.test(property)) return undefined;
  if (COUNTER.test(property)) return "counter";
  return ENERGY.test(property) && /Wh$/.test(unit ?? "") ? "counter" : undefined;
}
