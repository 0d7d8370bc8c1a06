import type { LiveEvents } from "../src/contract/live.ts";

/** What a part of a page wants to hear of, beside status, averages, alerts and workflows. */
export interface Wish {
  series?: readonly string[];
  /** `through` of the history that these points continue. */
  after?: string;
  device?: string;
  devices?: "changes";
}

export type Handlers = { [K in keyof LiveEvents]?: (event: LiveEvents[K]) => void };

/** What is used of an EventSource. */
export interface Source {
  readonly readyState: number;
  addEventListener(
    type: string,
    take: (event: { data?: unknown; lastEventId?: string }) => void,
  ): void;
  close(): void;
}

export interface LiveOptions {
  open: (query: string) => Source;
  /** Calls after so many milliseconds; the answer cancels it. */
  after: (ms: number, act: () => void) => () => void;
  /** The stream has been away for `AWAY_MS`, or is back. */
  onAway: (isAway: boolean) => void;
  /** The server refused the stream: the session may have ended. */
  onRefused: () => void;
}

/** So long a stream may be away before what it showed counts as stale. */
export const AWAY_MS = 5_000;
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 30_000;
const CLOSED = 2;
const EVENTS = [
  "hello",
  "points",
  "reset",
  "status",
  "averages",
  "devices",
  "command",
  "log",
  "connection",
  "alerts",
  "workflows",
  "bye",
] as const satisfies readonly (keyof LiveEvents)[];

/**
 * The one event stream of a page. Its parts say what they want; where that changes, the stream is opened again and
 * goes on behind the last event. One part at a time follows series: the newest that asks.
 */
export class Live {
  readonly #options: LiveOptions;
  readonly #parts = new Set<{ wish: Wish; handlers: Handlers }>();
  #source: Source | null = null;
  /** What the open stream was asked for. */
  #asked = "";
  #askedSeries = "";
  #lastId = "";
  #refusals = 0;
  #cancelOpening: (() => void) | null = null;
  #cancelAway: (() => void) | null = null;
  #isAway = false;
  #isEnded = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Adds a part with its wish; the answer takes it away. */
  follow(wish: Wish, handlers: Handlers): () => void {
    const part = { wish, handlers };
    this.#parts.add(part);
    this.#settle();
    return () => {
      this.#parts.delete(part);
      this.#settle();
    };
  }

  /** Ends the stream, as for a page that is put aside. */
  end(): void {
    this.#isEnded = true;
    this.#cancelOpening?.();
    this.#cancelOpening = null;
    this.#cancelAway?.();
    this.#cancelAway = null;
    this.#source?.close();
    this.#source = null;
    this.#asked = "";
  }

  /** Opens the stream again after `end`. */
  resume(): void {
    this.#isEnded = false;
    this.#settle();
  }

  /** Parts come and go together when a page changes: the stream is opened once, after all of them. */
  #settle(): void {
    if (this.#isEnded || this.#cancelOpening !== null) return;
    this.#openAfter(0);
  }

  #openAfter(ms: number): void {
    this.#cancelOpening?.();
    this.#cancelOpening = this.#options.after(ms, () => {
      this.#cancelOpening = null;
      if (this.#parts.size === 0) {
        this.#source?.close();
        this.#source = null;
        return;
      }
      const query = this.#query();
      if (this.#source !== null && query === this.#asked) return;
      this.#open(query);
    });
  }

  #followed(): { wish: Wish; handlers: Handlers } | undefined {
    return [...this.#parts].findLast(({ wish }) => (wish.series?.length ?? 0) > 0);
  }

  /** Whether points of the open stream are those of a part: its indices are of what it was asked for. */
  #asksFor(part: { wish: Wish }): boolean {
    return part === this.#followed() && seriesKey(part.wish) === this.#askedSeries;
  }

  #query(): string {
    const wishes = [...this.#parts].map(({ wish }) => wish);
    const { series = [], after } = this.#followed()?.wish ?? {};
    const query = new URLSearchParams(series.map((name) => ["series", name]));
    if (after !== undefined) query.set("after", after);
    const device = wishes.findLast((wish) => wish.device !== undefined)?.device;
    if (device !== undefined) query.set("device", device);
    if (wishes.some((wish) => wish.devices !== undefined)) query.set("devices", "changes");
    return query.toString();
  }

  #open(query: string): void {
    this.#source?.close();
    const followed = this.#followed()?.wish;
    const series = seriesKey(followed);
    const asked = new URLSearchParams(query);
    // The same series after the same history: they go on where the last event was.
    if (series === this.#askedSeries && this.#lastId !== "" && followed !== undefined) {
      asked.set("after", this.#lastId);
    } else {
      this.#lastId = "";
    }
    this.#asked = query;
    this.#askedSeries = series;
    const source = this.#options.open(asked.toString());
    this.#source = source;
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (this.#source === source) this.#take(name, event);
      });
    }
    source.addEventListener("error", () => {
      if (this.#source === source) this.#lost(source);
    });
    this.#watchAway();
  }

  #take(name: keyof LiveEvents, event: { data?: unknown; lastEventId?: string }): void {
    this.#arrived();
    if (event.lastEventId) this.#lastId = event.lastEventId;
    // The server keeps the contract.
    const data = JSON.parse(String(event.data)) as never;
    if (name === "bye") {
      this.#source?.close();
      this.#source = null;
      this.#watchAway();
      this.#openAfter((data as LiveEvents["bye"]).retryMs);
    }
    for (const part of [...this.#parts]) {
      if (name === "points" && !this.#asksFor(part)) continue;
      (part.handlers[name] as ((event: never) => void) | undefined)?.(data);
    }
  }

  #lost(source: Source): void {
    this.#watchAway();
    // A browser opens a broken stream again by itself, but not one that was refused.
    if (source.readyState !== CLOSED) return;
    this.#source = null;
    const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#refusals);
    this.#refusals++;
    this.#options.onRefused();
    this.#openAfter(waitMs * (0.75 + Math.random() / 2));
  }

  #arrived(): void {
    this.#cancelAway?.();
    this.#cancelAway = null;
    this.#refusals = 0;
    this.#become(false);
  }

  #watchAway(): void {
    if (this.#isAway || this.#cancelAway !== null) return;
    this.#cancelAway = this.#options.after(AWAY_MS, () => {
      this.#cancelAway = null;
      this.#become(true);
    });
  }

  #become(isAway: boolean): void {
    if (this.#isAway === isAway) return;
    this.#isAway = isAway;
    this.#options.onAway(isAway);
  }
}

function seriesKey(wish: Wish | undefined): string {
  return JSON.stringify([wish?.series, wish?.after]);
}
