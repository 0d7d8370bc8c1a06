import type { ReconnectingClient } from "@weir/mqtt";
import type { PublishedTopics } from "./published-topics.ts";
import { type Moment, type Series, type SeriesSet, statisticsOf } from "./series-set.ts";

/** How series are published. */
interface SeriesPace {
  /** Each series at most so often, in milliseconds. */
  intervalMs: number;
  /** Unchanged ones so often, in milliseconds; less often where there are many. */
  slowTickMs: number;
  /** Publications a second, over all series. */
  rateMax: number;
  /** The broker forgets what was not renewed for so long. */
  expirySeconds: number;
}

/** Between two calls of `publishDue` there may be so much, before publications are lost. */
const BURST_MS = 500;
/** So many at once; the others follow. */
const WITHDRAWALS_MAX = 10_000;

interface SeriesPublisherOptions {
  pace: SeriesPace;
  /** Those of each stream. */
  sets: () => readonly Pick<SeriesSet, "all" | "size">[];
  moment: () => Moment;
  publish: ReconnectingClient["publish"];
  topics: Pick<PublishedTopics, "all" | "add" | "remove">;
  /** The topic of the statistics that are not of a series: it is taken back when it is another one. */
  statsTopic: string;
  onPublished: () => void;
  /** A publication failed; it is due again. */
  onFailed: (error: unknown) => void;
  /** What is published cannot be remembered. */
  onForgetful: (error: unknown) => void;
}

/** Publishes series in turn, within their pace. */
export class SeriesPublisher {
  readonly #options: SeriesPublisherOptions;
  readonly #allowance: Allowance;
  readonly #withdrawals = new Set<string>();
  /** Topics whose removal is under way. */
  readonly #leaving = new Set<string>();
  /** The broker may keep topics that are no longer published, from an earlier run or configuration. */
  #hasLeftovers = true;
  #waiting = 0;
  #underWay = 0;

  constructor(options: SeriesPublisherOptions) {
    this.#options = options;
    this.#allowance = new Allowance({
      rateMax: options.pace.rateMax,
      burstMs: BURST_MS,
      monotonicMs: () => options.moment().nowMs,
    });
    this.#remember([options.statsTopic]);
  }

  /** Publishes what is due. Call it several times a second. */
  publishDue(lagRows: number): void {
    if (this.#hasLeftovers) this.#findLeftovers();
    const { pace, sets, moment } = this.#options;
    const { nowMs } = moment();
    const size = sets().reduce((sum, set) => sum + set.size, 0);
    const tickMs = slowTickMs(size, pace);
    const due = dueSeries(this.#all(), { intervalMs: pace.intervalMs, tickMs }, nowMs);
    // A broker that is slow to acknowledge gets no more than one second's publications.
    const free = Math.max(0, pace.rateMax - this.#underWay);
    const turn = this.#allowance.take(Math.min(free, due.length + this.#withdrawals.size));
    const now = due.slice(0, turn);
    this.#remember(now.map(({ topic }) => topic));
    for (const one of now) {
      this.#withdrawals.delete(one.topic);
      this.#send(one, lagRows);
    }
    this.#withdrawSome(turn - Math.min(turn, due.length));
    this.#waiting = Math.max(0, due.length - turn);
  }

  /** Removes from the broker what it keeps of series that are no more. */
  withdraw(forgotten: readonly Series[]): void {
    for (const { topic } of forgotten) this.#withdraw(topic);
  }

  #withdraw(topic: string): void {
    if (this.#withdrawals.size < WITHDRAWALS_MAX) this.#withdrawals.add(topic);
    else this.#hasLeftovers = true;
  }

  #findLeftovers(): void {
    if (this.#withdrawals.size > 0 || this.#leaving.size > 0) return;
    this.#hasLeftovers = false;
    const current = new Set(Array.from(this.#all(), ({ topic }) => topic));
    current.add(this.#options.statsTopic);
    for (const topic of this.#options.topics.all()) {
      if (!current.has(topic)) this.#withdraw(topic);
    }
  }

  #remember(topics: readonly string[]): void {
    // What is published again stays remembered when the removal before it is acknowledged.
    for (const topic of topics) this.#leaving.delete(topic);
    try {
      this.#options.topics.add(topics);
    } catch (error) {
      this.#options.onForgetful(error);
    }
  }

  #removed(topic: string): void {
    if (!this.#leaving.delete(topic)) return;
    try {
      this.#options.topics.remove(topic);
    } catch (error) {
      this.#options.onForgetful(error);
    }
  }

  /** The broker may have lost everything: all of it is due again. */
  renew(): void {
    const { nowMs } = this.#options.moment();
    for (const one of this.#all()) {
      one.publishedAtMs = null;
      one.changedAtMs ??= nowMs;
    }
  }

  /** How many series were due and had to wait for their turn, at the last call of `publishDue`. */
  get waiting(): number {
    return this.#waiting;
  }

  *#all(): Generator<Series> {
    for (const set of this.#options.sets()) yield* set.all();
  }

  #send(one: Series, lagRows: number): void {
    const { moment, onPublished, onFailed } = this.#options;
    const { atSecond, nowMs } = moment();
    const statistics = statisticsOf(one, atSecond, lagRows);
    one.changedAtMs = null;
    one.publishedAtMs = nowMs;
    this.#deliver(one.topic, JSON.stringify(statistics)).then(onPublished, (error: unknown) => {
      one.changedAtMs ??= nowMs;
      onFailed(error);
    });
  }

  async #deliver(to: string, payload: string): Promise<void> {
    const { publish, pace } = this.#options;
    this.#underWay += 1;
    try {
      const { expirySeconds } = pace;
      await publish(to, payload, { qos: 1, retain: true, expirySeconds });
    } finally {
      this.#underWay -= 1;
    }
  }

  /** An empty retained message removes the one before from the broker [MQTT-3.3.1-6]. */
  #withdrawSome(atMost: number): void {
    for (const to of this.#withdrawals.values().take(atMost)) {
      this.#withdrawals.delete(to);
      this.#leaving.add(to);
      this.#deliver(to, "").then(
        () => this.#removed(to),
        (error: unknown) => {
          this.#hasLeftovers ||= this.#leaving.delete(to);
          this.#options.onFailed(error);
        },
      );
    }
  }
}

/** How often a series is published. In milliseconds. */
interface Pace {
  /** What has changed, at most so often. */
  intervalMs: number;
  /** What has not changed, so often: its windows age all the same. */
  tickMs: number;
}

/**
 * The slow tick of so many series: unchanged ones take at most half of the publications, so that what
 * has changed need not wait for them.
 */
export function slowTickMs(
  series: number,
  { slowTickMs: tickMs, rateMax }: { slowTickMs: number; rateMax: number },
): number {
  return Math.max(tickMs, Math.ceil((2 * series * 1_000) / rateMax));
}

/** The series that are due, those that have waited longest first. */
export function dueSeries(all: Iterable<Series>, pace: Pace, nowMs: number): Series[] {
  const due: { series: Series; dueMs: number }[] = [];
  for (const series of all) {
    const dueMs = dueAtMs(series, pace);
    if (dueMs <= nowMs) due.push({ series, dueMs });
  }
  return due.sort((one, other) => one.dueMs - other.dueMs).map(({ series }) => series);
}

function dueAtMs({ changedAtMs, publishedAtMs }: Series, { intervalMs, tickMs }: Pace): number {
  if (publishedAtMs === null) return changedAtMs ?? -Infinity;
  const tickAtMs = publishedAtMs + tickMs;
  if (changedAtMs === null) return tickAtMs;
  return Math.min(tickAtMs, Math.max(changedAtMs, publishedAtMs + intervalMs));
}

/** How much may be done now, of something that may be done so often a second. */
export class Allowance {
  readonly #rateMax: number;
  readonly #mostAtOnce: number;
  readonly #monotonicMs: () => number;
  #left: number;
  #countedAtMs: number;

  /** @param options `burstMs`: an allowance that was not used for longer is lost. */
  constructor(options: { rateMax: number; burstMs: number; monotonicMs: () => number }) {
    const { rateMax, burstMs, monotonicMs } = options;
    this.#rateMax = rateMax;
    this.#mostAtOnce = Math.max(1, (rateMax * burstMs) / 1_000);
    this.#monotonicMs = monotonicMs;
    this.#left = this.#mostAtOnce;
    this.#countedAtMs = monotonicMs();
  }

  /** Takes as much as there is, at most `wanted`. */
  take(wanted: number): number {
    const nowMs = this.#monotonicMs();
    const earned = (this.#rateMax * (nowMs - this.#countedAtMs)) / 1_000;
    this.#left = Math.min(this.#mostAtOnce, this.#left + earned);
    this.#countedAtMs = nowMs;
    const taken = Math.min(wanted, Math.floor(this.#left));
    this.#left -= taken;
    return taken;
  }
}
