import { levelsOf, type Path, publishable, topicLevel } from "@weir/series";

/** Where the statistics of a series are published; `null` for a series that has none. */
export type StatisticsTopicOf = (topic: string, path: Path, family: string) => string | null;

const STATE = "/state";
/** The family of the states of Weir's device agent and of Losant's programs. */
const STATE_FAMILY = "weir-state";

/**
 * `STATS/<device>/<attribute>`, for the states of devices. A device is the same under each prefix.
 *
 * @param prefixes the first levels of the topics of devices.
 */
export function deviceTopics(statsTopic: string, prefixes: readonly string[]): StatisticsTopicOf {
  const topicOf = remembering((topic, path) => {
    const device = deviceOf(topic, prefixes);
    if (device === null) return null;
    // A colon would make it look like the topic of another stream's series.
    const level = topicLevel(device).replaceAll(":", "%3A");
    return [statsTopic, level, ...levelsOf(path).map(topicLevel)];
  });
  return (topic, path, family) => (family === STATE_FAMILY ? topicOf(topic, path) : null);
}

/** The level of a series whose path is empty, because its payload is the number. */
const NO_PATH = "-";

/**
 * `STATS/<stream>:<topic>/<path>`, for a stream whose statistics are switched on. The path is one level, so that
 * `a/b` with the path `c` and `a` with the path `b.c` differ.
 */
export function streamTopics(statsTopic: string, stream: string): StatisticsTopicOf {
  return remembering((topic, path) => {
    // A stream of `#` stores the statistics, too: those of statistics would be without end.
    if (topic === statsTopic || topic.startsWith(`${statsTopic}/`)) return null;
    const levels = `${statsTopic}/${stream}:${publishable(topic)}`.split("/");
    return [...levels, pathLevel(path)];
  });
}

function pathLevel(path: Path): string {
  if (path === "") return NO_PATH;
  return path === NO_PATH ? "%2D" : topicLevel(path);
}

function deviceOf(topic: string, prefixes: readonly string[]): string | null {
  for (const prefix of prefixes) {
    if (!topic.startsWith(`${prefix}/`) || !topic.endsWith(STATE)) continue;
    const device = topic.slice(prefix.length + 1, -STATE.length);
    if (device !== "" && !device.includes("/")) return device;
  }
  return null;
}

/** Levels that every common broker takes: EMQX takes 128, Mosquitto 201. */
const LEVELS_MAX = 128;
/** Series whose topics are remembered at most. */
const ANSWERS_MAX = 20_000;

/** Remembers the answers: each point of a stream asks for its topic. */
function remembering(
  levels: (topic: string, path: Path) => readonly string[] | null,
): (topic: string, path: Path) => string | null {
  const answers = new Map<string, Map<Path, string | null>>();
  let size = 0;
  return (topic, path) => {
    const known = answers.get(topic)?.get(path);
    if (known !== undefined) return known;
    const found = levels(topic, path);
    const answer = found === null || found.length > LEVELS_MAX ? null : found.join("/");
    if (size >= ANSWERS_MAX) {
      answers.clear();
      size = 0;
    }
    const ofTopic = answers.get(topic) ?? new Map<Path, string | null>();
    ofTopic.set(path, answer);
    answers.set(topic, ofTopic);
    size += 1;
    return answer;
  };
}
