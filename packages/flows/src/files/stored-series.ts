import { matchesFilter } from "@weir/protocol";
import { type CataloguedSeries, findSeries, parseSeries } from "@weir/series";

const PATHS_SHOWN_MAX = 5;
/** Unknown names that what may be meant is looked for; of a long catalogue each takes a while. */
const SUGGESTED_MAX = 20;

/** The series that are stored, for names as workflows have them. */
export class StoredSeries {
  readonly #catalogue: readonly CataloguedSeries[];
  /** The names of all streams. */
  readonly #streams: readonly string[];
  readonly #byTopic: ReadonlyMap<string, readonly CataloguedSeries[]>;
  #suggested = 0;

  /** @param streams the names of all streams. */
  constructor(catalogue: readonly CataloguedSeries[], streams: readonly string[]) {
    this.#catalogue = catalogue;
    this.#streams = streams;
    this.#byTopic = Map.groupBy(catalogue, ({ topic }) => topic);
  }

  /** Those that are meant by `topic#path`, with or without a stream, and with `+` and `#` in the topic. */
  of(text: string): CataloguedSeries[] {
    const { stream, topic, path } = parseSeries(text, this.#streams);
    const topics = /[+#]/.test(topic)
      ? [...this.#byTopic.keys()].filter((one) => matchesFilter(topic, one))
      : [topic];
    return topics
      .flatMap((one) => this.#byTopic.get(one) ?? [])
      .filter((one) => one.path === path && (stream === null || one.stream === stream));
  }

  /** Says that a series is not stored (yet), and what may be meant; `null` where it is. */
  whyUnknown(text: string): string | null {
    if (this.of(text).length > 0) return null;
    this.#suggested += 1;
    const named = this.#suggested > SUGGESTED_MAX ? null : findSeries(this.#catalogue, text);
    const suggestion = named?.kind === "unknown" ? named.suggestion : "";
    return `no stored series is ${text}${suggestion === "" ? this.#pathsOf(text) : suggestion}`;
  }

  /** What may stand behind the # of a topic. */
  #pathsOf(text: string): string {
    const { topic } = parseSeries(text, this.#streams);
    const paths = new Set(this.#byTopic.get(topic)?.map(({ path }) => path));
    if (paths.size === 0) return "; weir series lists those that there are";
    const some = [...paths].slice(0, PATHS_SHOWN_MAX).map((path) => `${topic}#${path}`);
    return `; there are ${some.join(", ")}${paths.size > some.length ? " and others" : ""}`;
  }
}
