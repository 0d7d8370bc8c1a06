/** Where a number stands in a payload: `Power`, `ENERGY.Power[1]`, `['living room'].t`; empty for a payload that is the number. */
export type Path = string;

/** A series as people write it: `stream:topic#path`, without `#` where the path is empty. */
export interface SeriesName {
  /** `null` where the text names none. */
  stream: string | null;
  topic: string;
  path: Path;
}

// A dot, a bracket or a quote in a key would read as part of the path: two places must never have one name.
const NEEDS_QUOTES = /[.[\]'\\]/;

/** The path of a key within an object at `parent`. */
export function pathOf(parent: Path, key: string): Path {
  if (key === "" || NEEDS_QUOTES.test(key)) {
    return `${parent}['${key.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}']`;
  }
  return parent === "" ? key : `${parent}.${key}`;
}

/** The path of an item of an array at `parent`. */
export function itemPathOf(parent: Path, index: number): Path {
  return `${parent}[${index}]`;
}

/** Writes a series' name. */
export function formatSeries({ stream, topic, path }: SeriesName): string {
  const prefix = stream === null ? "" : `${stream}:`;
  return path === "" ? prefix + topic : `${prefix}${topic}#${path}`;
}

/**
 * Reads a series' name. A topic may hold colons: what stands before the first one is a stream only where
 * there is a stream of that name. No topic holds a `#`, so the first one ends the topic.
 */
export function parseSeries(text: string, streams: readonly string[]): SeriesName {
  const colon = text.indexOf(":");
  const named = colon > 0 && streams.includes(text.slice(0, colon));
  const rest = named ? text.slice(colon + 1) : text;
  const hash = rest.indexOf("#");
  return {
    stream: named ? text.slice(0, colon) : null,
    topic: hash < 0 ? rest : rest.slice(0, hash),
    path: hash < 0 ? "" : rest.slice(hash + 1),
  };
}

const LEVEL = /\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]|\.?([^.[]+)/gy;

/** The keys and indexes of a path, as levels of a topic. */
export function levelsOf(path: Path): string[] {
  return Array.from(path.matchAll(LEVEL), ([, quoted, index, plain]) =>
    quoted === undefined ? (index ?? plain ?? "") : quoted.replaceAll(/\\(.)/gs, "$1"),
  );
}

// What has a meaning in a topic, or would be taken for an escape.
const NO_LEVEL = /[%/+#]/g;
// NUL is in no topic [MQTT-1.5.4-2]. A broker may end the connection for the others [MQTT-1.5.4-1], and Mosquitto does.
const REFUSED = /[\p{Cc}\p{Noncharacter_Code_Point}]/gu;

/** A key as one level of a topic: what a level cannot hold is percent-encoded. */
export function topicLevel(key: string): string {
  return publishable(key.replaceAll(NO_LEVEL, encodeURIComponent));
}

/** A topic that every broker takes, out of one that only its own has taken. */
export function publishable(topic: string): string {
  return topic.toWellFormed().replaceAll(REFUSED, encodeURIComponent);
}
