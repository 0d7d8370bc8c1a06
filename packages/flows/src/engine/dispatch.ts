import { matchesFilter } from "@weir/protocol";
import { parseSeries } from "@weir/series";
import type { HeardSystem, Source } from "../node/node.ts";
import type { RunningFlow, RunningNode } from "./running-flow.ts";

/** Topics of a stream whose targets are remembered at most. */
const TOPICS_MAX = 50_000;
const WILDCARD = /[+#]/;

/** Who listens to one topic of one stream. */
export interface TopicTargets {
  /** By the path of the reading. */
  series: ReadonlyMap<string, readonly RunningNode[]>;
  messages: readonly RunningNode[];
}

interface Listener {
  /** Among all: the one of the lower place hears first. */
  place: number;
  node: RunningNode;
  /** `null`: of every stream. */
  stream: string | null;
  filter: string;
  /** The path of a series; `null` for messages. */
  path: string | null;
}

/** Which nodes listen to what. */
export class Dispatch {
  readonly #listeners: readonly Listener[];
  /** Those to one topic, by it: of thousands only a few are looked at. */
  readonly #toOneTopic: ReadonlyMap<string, readonly Listener[]>;
  readonly #toSeveral: readonly Listener[];
  readonly #byKind: ReadonlyMap<Source["kind"], readonly RunningNode[]>;
  /** By stream and topic. */
  readonly #found = new Map<string, Map<string, TopicTargets | null>>();

  /** @param streams the names of all streams. */
  constructor(flows: Iterable<RunningFlow>, streams: readonly string[]) {
    const listeners: Listener[] = [];
    const byKind = new Map<Source["kind"], RunningNode[]>();
    for (const { nodes } of flows) {
      for (const node of nodes.values()) {
        for (const source of node.behaviour.sources ?? []) {
          byKind.set(source.kind, [...(byKind.get(source.kind) ?? []), node]);
          if (source.kind === "series") {
            const { stream, topic, path } = parseSeries(source.series, streams);
            listeners.push({ place: listeners.length, node, stream, filter: topic, path });
          } else if (source.kind === "messages") {
            const { filter } = source;
            listeners.push({ place: listeners.length, node, stream: null, filter, path: null });
          }
        }
      }
    }
    this.#listeners = listeners;
    this.#toSeveral = listeners.filter(({ filter }) => WILDCARD.test(filter));
    const toOne = listeners.filter(({ filter }) => !WILDCARD.test(filter));
    this.#toOneTopic = Map.groupBy(toOne, ({ filter }) => filter);
    this.#byKind = byKind;
  }

  /** The topic filters that somebody listens to in a stream. @param of default both. */
  filtersOf(stream: string, of: "series" | "messages" | null = null): string[] {
    const filters = this.#listeners
      .filter((one) => one.stream === null || one.stream === stream)
      .filter(({ path }) => of === null || (path === null) === (of === "messages"))
      .map(({ filter }) => filter);
    return [...new Set(filters)];
  }

  listenersTo(kind: Source["kind"]): readonly RunningNode[] {
    return this.#byKind.get(kind) ?? [];
  }

  /** Whether a node listens to this of what Weir says of itself. */
  asksFor(about: HeardSystem["about"]): boolean {
    return this.listenersTo("system").some(({ behaviour }) =>
      behaviour.sources?.some((source) => source.kind === "system" && source.about === about),
    );
  }

  /** `null` where nobody listens: then the message need not even be read. */
  targetsOf(stream: string, topic: string): TopicTargets | null {
    let ofStream = this.#found.get(stream);
    if (ofStream === undefined) {
      ofStream = new Map();
      this.#found.set(stream, ofStream);
    }
    const known = ofStream.get(topic);
    if (known !== undefined) return known;
    const found = this.#find(stream, topic);
    if (ofStream.size >= TOPICS_MAX) ofStream.clear();
    ofStream.set(topic, found);
    return found;
  }

  #find(stream: string, topic: string): TopicTargets | null {
    const series = new Map<string, RunningNode[]>();
    const messages: RunningNode[] = [];
    const several = this.#toSeveral.filter(({ filter }) => matchesFilter(filter, topic));
    const found = [...(this.#toOneTopic.get(topic) ?? []), ...several];
    found.sort((one, other) => one.place - other.place);
    for (const { node, stream: wanted, path } of found) {
      if (wanted !== null && wanted !== stream) continue;
      if (path === null) messages.push(node);
      else series.set(path, [...(series.get(path) ?? []), node]);
    }
    return series.size === 0 && messages.length === 0 ? null : { series, messages };
  }
}
