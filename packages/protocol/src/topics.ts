import { createHash } from "node:crypto";

/** What keeps a text from being a topic, in words for a user; `null` when it is one. */
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

/** The characters and the length of a name. `isName` also excludes those that are reserved. */
export const NAME_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;
const LENGTH_MAX = 64;

/** Paths out of a folder, and properties of every JavaScript object: `..`, `__proto__`, `constructor`. */
const RESERVED: ReadonlySet<string> = new Set([
  ".",
  "..",
  ...Object.getOwnPropertyNames(Object.prototype),
]);

/** `NAME_PATTERN` in words for a user. */
export const NAME_RULE = "1 to 64 letters, digits, dots, underscores or hyphens";
/** Why a text that matches `NAME_PATTERN` is no name. */
export const NAME_RESERVED =
  "., .. and the properties of every JavaScript object, such as constructor, are no names; choose another";

const [NONE, ALLOWED, STARTS_RESERVED] = [0, 1, 2];
/** The characters of names by their codes. Every message is checked; this is faster than a regular expression. */
const KINDS: Uint8Array = new Uint8Array(65_536).fill(NONE);
for (let code = 0; code < 128; code += 1) {
  if (NAME_PATTERN.test(String.fromCharCode(code))) KINDS[code] = ALLOWED;
}
for (const text of RESERVED) KINDS[text.charCodeAt(0)] = STARTS_RESERVED;

/** Whether a text may be part of a topic, path, key or label of ours: a publisher, an epoch, a device. */
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

/** The largest |number| that is averaged. Beyond it the steps between doubles are too large for a measurement. */
export const NUMBER_MAGNITUDE_MAX = 1e15;

/** The longest topic in bytes that MQTT can carry [MQTT-1.5.4]. */
export const TOPIC_BYTES_MAX = 65_535;

/** How urgent a device's log line is, in `devices/<id>/log/<level>`. */
export const DEVICE_LOG_LEVELS = ["info", "warn", "error"] as const;
export type DeviceLogLevel = (typeof DEVICE_LOG_LEVELS)[number];

/** A device by its topics. */
export interface DeviceAddress {
  /** The first levels of its topics: `devices`, or `losant` for programs made for that platform. */
  prefix: string;
  /** 1 to 64 letters, digits, dots, underscores or hyphens. */
  id: string;
}

/** The topics of one device. */
export function deviceTopics({ prefix, id }: DeviceAddress) {
  const own = `${prefix}/${id}`;
  return {
    state: `${own}/state`,
    command: `${own}/command`,
    ack: `${own}/command/ack`,
    availability: `${own}/availability`,
    log: (level: DeviceLogLevel) => `${own}/log/${level}`,
  };
}

const STATE = "/state";

/** The device whose state a topic carries; `null` for any other topic, or an id that is not a name. */
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
 * The topic of a device's description for Home Assistant: `<prefix>/device/<object id>/config`. An object id
 * has letters, digits, underscores and hyphens only. An id with dots gets a hash behind it, so that it does
 * not share the topic of an id with underscores.
 */
export function discoveryTopic(prefix: string, deviceId: string): string {
  const hash = createHash("sha256").update(deviceId).digest("hex").slice(0, 8);
  const objectId = deviceId.includes(".") ? `${deviceId.replaceAll(".", "_")}-${hash}` : deviceId;
  return `${prefix}/device/${objectId}/config`;
}

/**
 * The relation of a topic to the publisher that a payload names: `own` is a topic of that device, `foreign` a
 * topic of another device. A `shared` topic names no device: any publisher may use it.
 */
type Claim = "own" | "foreign" | "shared";

export type ClaimOf = (topic: string, publisher: string) => Claim;

/** @param prefixes the first levels of the topics of devices, before the device's id; `+` is any level. */
export function createClaimOf(prefixes: readonly string[]): ClaimOf {
  const levelsOfPrefixes = prefixes.map((prefix) => prefix.split("/"));
  return (topic, publisher) => {
    let claim: Claim = "shared";
    for (const levels of levelsOfPrefixes) {
      const at = endOfPrefix(topic, levels);
      if (at === -1) continue;
      const end = at + publisher.length;
      const isOwn = topic.startsWith(publisher, at) && (end === topic.length || topic[end] === "/");
      if (isOwn) return "own";
      claim = "foreign";
    }
    return claim;
  };
}

/** The index of the level after a prefix; -1 when the topic has another prefix. */
function endOfPrefix(topic: string, levels: readonly string[]): number {
  let at = 0;
  for (const level of levels) {
    const end = topic.indexOf("/", at);
    if (end === -1) return -1;
    const isSame = end - at === level.length && topic.startsWith(level, at);
    if (level !== "+" && !isSame) return -1;
    at = end + 1;
  }
  return at;
}
