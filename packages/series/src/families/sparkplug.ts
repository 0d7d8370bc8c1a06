import type { Memory, Remembered } from "../reading/memory.ts";
import type { Message } from "../reading/message.ts";
import { itemPathOf, type Path, pathOf } from "../reading/path.ts";
import type { Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";
import {
  arrayFrom,
  decodeSparkplug,
  integerFrom,
  METRICS_MAX,
  type Metric,
  type SparkplugPayload,
} from "./sparkplug-payload.ts";

const TOPIC = /^spBv1\.0\/([^/]+)\/([ND](?:BIRTH|DEATH|DATA|CMD))\/([^/]+)(?:\/([^/]+))?$/;
const HOST = /^(?:spBv1\.0\/)?STATE\/[^/]+$/;

const DATETIME = 13;
const BAD = 0;
const STALE = 500;
const ONLINE = "online";
const NAME_LENGTH_MAX = 256;

/** Sparkplug B: metrics in Protocol Buffers, which a birth names and types, and later messages mean by an alias. */
export const sparkplug: Family = {
  name: "sparkplug",
  hasOwnTopics: true,
  matches: (topic) => TOPIC.test(topic) || HOST.test(topic),
  read: (message, reading, memory) => {
    const [, group = "", type = "", node = "", device] = TOPIC.exec(message.topic) ?? [];
    if (type === "") {
      // A host wrote these words before version 3.0, and JSON since then.
      const isOther =
        message.topic.startsWith("STATE/") && !/^(?:ON|OFF)LINE$/.test(message.text ?? "");
      if (isOther) return false;
      reading.ignore("", "about a host application");
      return true;
    }
    if (type.endsWith("CMD")) {
      reading.ignore("", "a command");
      return true;
    }
    const edge = `${group}/${node}`;
    reading.topic = `spBv1.0/${edge}${device === undefined ? "" : `/${device}`}`;
    const payload = decodeSparkplug(message.payload);
    if (payload === null) reading.ignore("", "not a payload of Sparkplug B");
    else if (payload.isCompressed) reading.ignore("", "a compressed payload");
    else {
      const origin = { edge, device: device === undefined ? node : `${node}/${device}` };
      readPayload({ message, reading, memory, payload, ...origin }, type);
    }
    return true;
  },
};

interface Context {
  message: Message;
  reading: Reading;
  memory: Memory;
  payload: SparkplugPayload;
  /** The group and the node. */
  edge: string;
  /** For people: the node, or the node and its device. */
  device: string;
}

function readPayload(context: Context, type: string): void {
  const { message, reading, memory, payload, edge, device } = context;
  // The broker publishes the death of a node, with the time at which that had connected.
  if (type !== "NDEATH") reading.takeTime(message, "timestamp", payload.timestampMs);
  if (payload.isCut) reading.leaveOut("", `beyond ${METRICS_MAX} metrics`);
  const session = sessionOf(payload);
  const sessionKey = `sparkplug session ${edge}`;
  const birthKey = `sparkplug ${reading.topic}`;
  if (type.endsWith("DEATH")) {
    const before = memory.get(sessionKey)?.bdSeq;
    if (session !== null && before !== undefined && before !== session) {
      reading.ignore("", "the death of an earlier session");
    } else reading.addValue(ONLINE, false, { device });
    return;
  }
  if (!type.endsWith("BIRTH")) {
    const birth = memory.get(birthKey);
    for (const metric of payload.metrics) readData(context, metric, birth);
    return;
  }
  if (session !== null) memory.set(sessionKey, { bdSeq: session });
  const birth = birthOf(payload.metrics);
  memory.set(birthKey, birth);
  reading.addValue(ONLINE, true, { device });
  for (const metric of payload.metrics) {
    if (metric.name !== null) readMetric(context, metric.name, metric, typesOf(birth), true);
  }
}

/** The number that a birth has in common with the death that the broker keeps for it. */
function sessionOf({ metrics }: SparkplugPayload): number | null {
  const value = metrics.find(({ name }) => name === "bdSeq")?.value;
  return typeof value === "object" && value !== null && "low" in value ? value.low : null;
}

/** What later messages need: the name of each alias, and the datatype of each path. */
function birthOf(metrics: readonly Metric[]): Remembered {
  const aliases: [string, string][] = [];
  const types: [Path, number][] = [];
  const note = (parent: Path, { name, alias, datatype, value }: Metric): void => {
    if (name === null || name.length > NAME_LENGTH_MAX || types.length >= METRICS_MAX) return;
    const path = pathOf(parent, name);
    if (alias !== null && parent === "") aliases.push([alias, name]);
    if (datatype !== null) types.push([path, datatype]);
    if (typeof value === "object" && value !== null && "members" in value) {
      for (const member of value.members) note(path, member);
    }
  };
  for (const metric of metrics) note("", metric);
  // Not assignments: a metric may be named "__proto__".
  return { aliases: Object.fromEntries(aliases), types: Object.fromEntries(types) };
}

type Types = Readonly<Record<Path, number>>;

const typesOf = (birth: Remembered | undefined): Types => (birth?.types ?? {}) as Types;

function readData(context: Context, metric: Metric, birth: Remembered | undefined): void {
  const { name, alias } = metric;
  const aliases = (birth?.aliases ?? {}) as Readonly<Record<string, string>>;
  const known = alias !== null && Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;
  const named = name ?? known;
  if (named !== undefined) readMetric(context, named, metric, typesOf(birth), false);
  else if (alias !== null) context.reading.ignore(`alias ${alias}`, "no birth seen");
}

function readMetric(
  { message, reading, device }: Context,
  name: string,
  metric: Metric,
  types: Types,
  isBirth: boolean,
): void {
  if (name === "bdSeq") reading.ignore(name, "the number of a session");
  else if (/^(?:Node|Device) Control\//.test(name)) reading.ignore(name, "a command");
  else if (name === ONLINE) reading.ignore(name, "births and deaths have this name");
  else read("", name, metric);

  function read(parent: Path, ownName: string, one: Metric): void {
    if (ownName.length > NAME_LENGTH_MAX) {
      reading.leaveOut(ownName.slice(0, 32), "the name is too long");
      return;
    }
    const path = pathOf(parent, ownName);
    const datatype = one.datatype ?? (Object.hasOwn(types, path) ? types[path] : undefined);
    const { value } = one;
    if (one.isNull || value === null) reading.ignore(path, "no value");
    else if (one.quality === BAD) reading.ignore(path, "of bad quality");
    else if (one.quality === STALE) reading.ignore(path, "stale");
    else if (typeof value !== "object") addValue(path, value, one);
    else if ("members" in value) {
      for (const member of value.members) if (member.name !== null) read(path, member.name, member);
    } else if ("bytes" in value) {
      const items = arrayFrom(value, datatype);
      if ("notRead" in items) reading.ignore(path, items.notRead);
      else
        for (const [index, item] of items.entries()) addValue(itemPathOf(path, index), item, one);
    } else if ("notRead" in value) reading.ignore(path, value.notRead);
    else if (datatype === undefined) reading.ignore(path, "no birth seen");
    else if (datatype === DATETIME) reading.ignore(path, "a time");
    else addValue(path, integerFrom(value, datatype), one);
  }

  function addValue(path: Path, value: number | boolean | null, one: Metric): void {
    const ownUs =
      one.timestampMs === null || message.storedUs !== null
        ? null
        : message.timeOf(one.timestampMs);
    const given = Number.isNaN(value) ? null : value;
    // A later message has no properties: what it would say of the unit must not replace what the birth said.
    const about = isBirth ? { device, unit: one.unit ?? undefined } : undefined;
    reading.addValue(path, given, about, ownUs ?? reading.observedUs);
  }
}
