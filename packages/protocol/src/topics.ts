import { createHash } from "node:crypto";

/** Says what keeps a text from being a concrete topic, in words for a user; `null` when it is one. */
export function topicProblem(topic: string): string | null {
  if (topic === "") return "a topic needs at least one character";
  if (/[+#]/.test(topic)) return "a topic has no wildcards (+ and #): name one topic";
  if (topic.includes("\0")) return "a topic has no NUL character";
  if (topic.startsWith("$")) return "topics that begin with $ belong to the broker";
  if (Buffer.byteLength(topic) > TOPIC_BYTES_MAX)
    return `a topic has at most ${TOPIC_BYTES_MAX} bytes`;
  return null;
}

/** The topics that a service reads and writes, by their names in the table of docs/reference/topics.md. */
export interface Flow {
  subscribes: readonly string[];
  publishes: readonly string[];
}

const CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
const LENGTH_MAX = 64;

/** They lead out of a folder, or name what every object of JavaScript has: `..`, `__proto__`, `constructor`. */
const RESERVED: ReadonlySet<string> = new Set([
  ".",
  "..",
  ...Object.getOwnPropertyNames(Object.prototype),
]);

/** What a name is made of, in words for a user. */
export const NAME_RULE = "1 to 64 letters, digits, dots, underscores or hyphens";
/** Why a text that is made of the right characters is no name. */
export const NAME_RESERVED =
  "., .. and the properties of every JavaScript object, such as constructor, are no names; choose another";

const [NONE, ALLOWED, STARTS_RESERVED] = [0, 1, 2];
/** By character code: what a name may hold. Each message brings names; this is faster than a regular expression. */
const KINDS: Uint8Array = new Uint8Array(65_536).fill(NONE);
for (const character of CHARACTERS) KINDS[character.charCodeAt(0)] = ALLOWED;
for (const text of RESERVED) KINDS[text.charCodeAt(0)] = STARTS_RESERVED;

/** Whether a text may stand in a topic, a path, a key or a label that we make: a publisher, an epoch, a device. */
export function isName(text: string): boolean {
  const { length } = text;
  if (length === 0 || length > LENGTH_MAX) return false;
  for (let index = 0; index < length; index += 1) {
    if (KINDS[text.charCodeAt(index)] === NONE) return false;
  }
  return KINDS[text.charCodeAt(0)] !== STARTS_RESERVED || !RESERVED.has(text);
}

/** What keeps a text from being a name, in words for a user; `null` when it is one. */
export function nameProblem(text: string): string | null {
  if (isName(text)) return null;
  return RESERVED.has(text) ? NAME_RESERVED : `a name is ${NAME_RULE}`;
}

/** The largest payload in bytes that publishers send, the broker accepts and the logger decodes: 256 KiB. */
export const PAYLOAD_BYTES_MAX = 262_144;

/** The largest |number| that is averaged. Beyond it a double no longer tells neighbours apart well enough to be a measurement. */
export const NUMBER_MAGNITUDE_MAX = 1e15;

/** The longest topic in bytes that MQTT can carry [MQTT-1.5.4]. */
export const TOPIC_BYTES_MAX = 65_535;

/** How urgent a device's log line is, in `devices/<id>/log/<level>`. */
export const DEVICE_LOG_LEVELS = ["info", "warn", "error"] as const;
export type DeviceLogLevel = (typeof DEVICE_LOG_LEVELS)[number];

/** A device as its topics name it. */
export interface DeviceAddress {
  /** The first levels of its topics: `devices`, or `losant` for programs made for that platform. */
  prefix: string;
  /** 1 to 64 letters, digits, dots, underscores or hyphens. */
  id: string;
}

/** The topics of one device. */
export interface DeviceTopics {
  state: string;
  command: string;
  ack: string;
  availability: string;
  log: (level: DeviceLogLevel) => string;
}

export function deviceTopics({ prefix, id }: DeviceAddress): DeviceTopics {
  const own = `${prefix}/${id}`;
  return {
    state: `${own}/state`,
    command: `${own}/command`,
    ack: `${own}/command/ack`,
    availability: `${own}/availability`,
    log: (level) => `${own}/log/${level}`,
  };
}

const STATE = "/state";

/** Whose state a topic carries; `null` when it is no state, or not of a device with a sound id. */
export function deviceOfState(topic: string, prefixes: readonly string[]): DeviceAddress | null {
  if (!topic.endsWith(STATE)) return null;
  for (const prefix of prefixes) {
    if (!topic.startsWith(`${prefix}/`)) continue;
    const id = topic.slice(prefix.length + 1, -STATE.length);
    if (isName(id)) return { prefix, id };
  }
  return null;
}

/**
 * Where Home Assistant looks for a device: `<prefix>/device/<object id>/config`. It knows letters,
 * digits, underscores and hyphens only, so an id with dots gets a name of its own.
 */
export function discoveryTopic(prefix: string, deviceId: string): string {
  return `${prefix}/device/${objectId(deviceId)}/config`;
}

/** Two devices must not share a topic because one has a dot where the other has an underscore. */
function objectId(id: string): string {
  if (!id.includes(".")) return id;
  const mark = createHash("sha256").update(id).digest("hex").slice(0, 8);
  return `${id.replaceAll(".", "_")}-${mark}`;
}
