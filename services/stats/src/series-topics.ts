import { levelsOf, type Path, topicLevel } from "@weir/series";

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
  return (topic, path, family) => {
    const device = family === STATE_FAMILY ? deviceOf(topic, prefixes) : null;
    if (device === null) return null;
    // A colon would make it look like the topic of another stream's series.
    const level = topicLevel(device).replaceAll(":", "%3A");
    return [statsTopic, level, ...levelsOf(path).map(topicLevel)].join("/");
  };
}

/** `STATS/<stream>:<topic>/<path>`, for a stream whose statistics are switched on. */
export function streamTopics(statsTopic: string, stream: string): StatisticsTopicOf {
  return (topic, path) =>
    [`${statsTopic}/${stream}:${topic}`, ...levelsOf(path).map(topicLevel)].join("/");
}

function deviceOf(topic: string, prefixes: readonly string[]): string | null {
  for (const prefix of prefixes) {
    if (!topic.startsWith(`${prefix}/`) || !topic.endsWith(STATE)) continue;
    const device = topic.slice(prefix.length + 1, -STATE.length);
    if (device !== "" && !device.includes("/")) return device;
  }
  return null;
}

/** Topics whose series are remembered at most. */
const TOPICS_MAX = 20_000;

/** Remembers the answers: each point of a stream asks for its topic. */
export function remembering(topicOf: StatisticsTopicOf): StatisticsTopicOf {
  const answers = new Map<string, Map<Path, string | null>>();
  return (topic, path, family) => {
    let ofTopic = answers.get(topic);
    if (ofTopic === undefined) {
      if (answers.size >= TOPICS_MAX) answers.clear();
      ofTopic = new Map();
      answers.set(topic, ofTopic);
    }
    const known = ofTopic.get(path);
    if (known !== undefined) return known;
    const answer = topicOf(topic, path, family);
    ofTopic.set(path, answer);
    return answer;
  };
}
