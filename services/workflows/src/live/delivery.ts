import { connectionOfRow, type Engine, payloadOf } from "@weir/flows";
import { matchesFilter } from "@weir/protocol";
import { concernsOtherTopics } from "@weir/series";
import type { KnownTopics } from "./known-topics.ts";
import type { TakenRow, TopicUse } from "./stream-feed.ts";

/** Topics of a stream of which it is remembered whether they are wanted. */
const TOPICS_MAX = 50_000;

/** Gives rows to the nodes that listen to them. */
export class Delivery {
  readonly #engine: Engine;
  readonly #known: KnownTopics;
  readonly #presenceFilters: readonly string[];
  readonly #uses = new Map<string, Map<string, TopicUse | null>>();
  #isPresence: (topic: string) => boolean = () => false;

  constructor(engine: Engine, known: KnownTopics, presenceFilters: readonly string[]) {
    this.#engine = engine;
    this.#known = known;
    this.#presenceFilters = presenceFilters;
  }

  /** The workflows are others. */
  reset(): void {
    this.#uses.clear();
    const wantsPresence = this.#engine.dispatch.listenersTo("connections").length > 0;
    this.#isPresence = wantsPresence
      ? (topic) => this.#presenceFilters.some((filter) => matchesFilter(filter, topic))
      : () => false;
  }

  /** The topic filters that somebody listens to in a stream. */
  filtersOf(stream: string): string[] {
    const { dispatch } = this.#engine;
    const wantsPresence = dispatch.listenersTo("connections").length > 0;
    return [...dispatch.filtersOf(stream), ...(wantsPresence ? this.#presenceFilters : [])];
  }

  /** What a topic is wanted for; `null` where it is not. */
  useOf(stream: string, topic: string): TopicUse | null {
    let uses = this.#uses.get(stream);
    if (uses === undefined) {
      uses = new Map();
      this.#uses.set(stream, uses);
    }
    const known = uses.get(topic);
    if (known !== undefined) return known;
    if (uses.size >= TOPICS_MAX) uses.clear();
    const targets = this.#engine.dispatch.targetsOf(stream, topic);
    const isPresence = this.#isPresence(topic);
    const isWanted = targets !== null || isPresence;
    const isRead = (targets?.series.size ?? 0) > 0 || concernsOtherTopics(topic);
    const use = isWanted || isRead ? { targets, isPresence, isRead } : null;
    uses.set(topic, use);
    return use;
  }

  /** @returns whether a node has heard of it. */
  deliver(stream: string, { message, use, reading }: TakenRow): boolean {
    const { topic, receivedUs, retained } = message;
    const nowMs = Math.floor(receivedUs / 1_000);
    let isHeard = false;
    if (use?.isPresence === true) {
      const connection = connectionOfRow({ stream, topic, payload: message.payload, retained });
      if (connection !== null) {
        this.#engine.take(connection, nowMs);
        isHeard = true;
      }
    }
    // What the broker had kept is not new.
    if (retained) return isHeard;
    if (reading !== null) {
      // Some families put what they read under another topic.
      const isOfTopic = reading.topic === topic;
      const { series } =
        (isOfTopic ? use?.targets : this.#engine.dispatch.targetsOf(stream, reading.topic)) ?? {};
      for (const { path, value, observedUs } of series === undefined ? [] : reading.points) {
        const targets = series?.get(path);
        if (targets === undefined) continue;
        const known = this.#known.seriesOf(stream, reading.topic, path);
        const point = {
          kind: "series",
          series: known.series,
          topic: reading.topic,
          device: known.device.id,
          deviceName: known.device.name,
          value,
          unit: known.unit,
          observedMs: Math.floor(observedUs / 1_000),
        } as const;
        this.#engine.takePoint(targets, point, nowMs);
        isHeard = true;
      }
    }
    const messages = use?.targets?.messages ?? [];
    if (messages.length > 0) {
      const payload = payloadOf(message.payload);
      const isValue = typeof payload !== "object";
      const { id: device, name: deviceName } = this.#known.deviceOf(stream, topic, isValue);
      const heard = { kind: "messages", stream, topic, device, deviceName, payload } as const;
      this.#engine.takeMessage(messages, heard, nowMs);
      isHeard = true;
    }
    return isHeard;
  }
}
