import type { ServerResponse } from "node:http";
import type { Clock, Logger } from "@weir/runtime";
import { DeletionWatch, deletionsFileOf, type RowPosition } from "@weir/store";
import type { StoredStream } from "@weir/streams";
import type { Device } from "../contract/devices.ts";
import type { LiveEvents } from "../contract/live.ts";
import type { Positions } from "../contract/positions.ts";
import type { WorkflowNews } from "../sources/workflow-news.ts";
import { Admission, type Client } from "./admission.ts";
import type { StreamSeries } from "./asked-series.ts";
import type { DeviceNews } from "./device-news.ts";
import { EventStream, type Headers } from "./event-stream.ts";
import { LivePage } from "./live-page.ts";
import { PointsFollower } from "./points-follower.ts";

/** How often points are sent. */
const TICK_MS = 100;
/** How often it is looked whether anything else has changed. */
const LOOK_MS = 1_000;
/** Status is sent so often even where nothing has changed. */
const STATUS_MS_MAX = 5_000;
const BEAT_MS = 15_000;
/** How long a stream lasts: who comes back is asked again who he is. */
const PAGE_MS_MAX = 3_600_000;
/** After a stream could not be read. */
const RETRY_FAILED_MS = 10_000;

/** Something that every page shows. */
interface Shown<T> {
  /** As it is now. */
  current(): T;
  /** Calls back when it may have changed. */
  onChange(changed: () => void): void;
}

/** What is said of workflows. */
export type WorkflowsSaid = Pick<WorkflowNews, "alerts" | "follow">;

interface LiveOptions {
  streams: readonly StoredStream[];
  indexFile: string;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  status: Shown<LiveEvents["status"]> & { refresh(): Promise<void> };
  averages: Shown<LiveEvents["averages"]>;
  /** `null` while nothing is known of devices. */
  devices: DeviceNews | null;
  workflows: WorkflowsSaid;
  version: string;
  clock: Clock;
  logger: Logger;
}

/** What a page wants. */
export interface LiveQuestion {
  series: readonly StreamSeries[];
  /** `null`: only what is stored from now on. */
  after: Positions | null;
  /** Whether it wants the summaries of devices that change. */
  wantsDevices: boolean;
  /** A device of which it wants everything; `null` for none. */
  device: string | null;
}

/** The live streams of all pages. While no page is open, it does nothing. */
export class Live {
  readonly #options: LiveOptions;
  readonly #deletions: DeletionWatch;
  readonly #admission = new Admission();
  readonly #pages = new Set<LivePage>();
  readonly #followers = new Map<string, { follower: PointsFollower; deletions: string }>();
  #timers: DisposableStack | null = null;
  #isReading = false;
  #devices: { of: readonly Device[]; json: string } | null = null;
  #averages = "";
  #status = { essence: "", sentMs: 0 };

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#deletions = new DeletionWatch(deletionsFileOf(options.indexFile));
    options.averages.onChange(() => this.#tellAverages());
    options.status.onChange(() => this.#tellStatus());
  }

  /**
   * Answers with a stream of events, which lasts until one of the two ends it.
   *
   * @throws RequestFault, before anything is answered, where there are too many streams.
   */
  open(question: LiveQuestion, client: Client, response: ServerResponse, headers: Headers): void {
    const { clock, version, status, averages, workflows } = this.#options;
    const admitted = this.#admission.admit(client);
    const stream = new EventStream(response, headers, clock);
    const page = new LivePage(stream);
    page.own(admitted);
    stream.onClosed(() => this.#close(page));
    const hello: LiveEvents["hello"] = { nowMs: clock.now(), version };
    page.send("hello", JSON.stringify(hello));
    page.send("status", JSON.stringify(status.current()));
    page.send("averages", JSON.stringify(averages.current()));
    page.send("alerts", JSON.stringify(workflows.alerts));
    page.own(clock.schedule(PAGE_MS_MAX, () => page.end("it has lasted for an hour")));
    page.own(clock.repeat(BEAT_MS, () => client.isCurrent() || page.end("you are signed out")));
    this.#subscribe(page, question);
    this.#pages.add(page);
    this.#timers ??= this.#start();
    this.#readPoints();
  }

  /** Ends all streams; what they use is free as soon as their connections are closed. @param reason for people. */
  endAll(reason: string): void {
    for (const page of this.#pages) page.end(reason);
  }

  #subscribe(page: LivePage, { series, after, wantsDevices, device }: LiveQuestion): void {
    const { devices } = this.#options;
    for (const of of series) {
      page.join(this.#followerOf(of.name), of, beginningOf(of.name, after));
    }
    if (devices === null) return;
    if (wantsDevices) {
      page.own(devices.onChanges((changed) => page.send("devices", this.#jsonOfDevices(changed))));
    }
    if (device !== null) {
      page.own(
        devices.onEvents(device, ({ event, data }) => page.send(event, JSON.stringify(data))),
      );
    }
  }

  /** Every page gets the same. */
  #jsonOfDevices(devices: readonly Device[]): string {
    if (this.#devices?.of !== devices) {
      this.#devices = { of: devices, json: JSON.stringify({ devices }) };
    }
    return this.#devices.json;
  }

  #start(): DisposableStack {
    const { clock, workflows } = this.#options;
    const timers = new DisposableStack();
    timers.use(workflows.follow((event, data) => this.#tell(event, JSON.stringify(data))));
    timers.use(clock.repeat(TICK_MS, () => this.#readPoints()));
    const look = () =>
      this.#look().catch((error: unknown) =>
        this.#options.logger.warn({ err: error }, "the status cannot be found out"),
      );
    timers.use(clock.repeat(LOOK_MS, () => void look()));
    timers.use(clock.repeat(BEAT_MS, () => this.#beat()));
    return timers;
  }

  #close(page: LivePage): void {
    this.#pages.delete(page);
    page[Symbol.dispose]();
    for (const [name, { follower }] of this.#followers) {
      if (follower.isWanted) continue;
      follower[Symbol.dispose]();
      this.#followers.delete(name);
    }
    if (this.#pages.size > 0) return;
    this.#timers?.dispose();
    this.#timers = null;
  }

  #followerOf(name: string): PointsFollower {
    const known = this.#followers.get(name);
    if (known !== undefined) return known.follower;
    const stream = this.#options.streams.find((one) => one.name === name);
    if (stream === undefined) throw new Error(`there is no stream ${name}`);
    const follower = new PointsFollower({ ...this.#options, stream });
    this.#followers.set(name, { follower, deletions: this.#deletions.versionOf(name) });
    return follower;
  }

  #readPoints(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const looks = Array.from(this.#followers, ([name, { follower }]) =>
      follower.look().catch((fault: unknown) => this.#fail(name, fault)),
    );
    void Promise.all(looks).then(() => {
      this.#isReading = false;
      for (const page of this.#pages) page.flush();
    });
  }

  /** A stream that cannot be read ends the pages that show it: they try it again. */
  #fail(name: string, fault: unknown): void {
    this.#options.logger.warn({ err: fault, stream: name }, "a stream cannot be followed");
    const follower = this.#followers.get(name)?.follower;
    if (follower === undefined) return;
    follower[Symbol.dispose]();
    this.#followers.delete(name);
    for (const page of this.#pages) {
      if (page.hasJoined(follower)) page.end("stored messages cannot be read", RETRY_FAILED_MS);
    }
  }

  async #look(): Promise<void> {
    this.#lookForDeletions();
    this.#tellAverages();
    await this.#options.status.refresh();
    this.#tellStatus();
  }

  #lookForDeletions(): void {
    for (const [name, one] of this.#followers) {
      const deletions = this.#deletions.versionOf(name);
      if (deletions === one.deletions) continue;
      one.deletions = deletions;
      one.follower.reset("data was deleted, or came back");
    }
  }

  #tellAverages(): void {
    const averages = JSON.stringify(this.#options.averages.current());
    if (averages === this.#averages) return;
    this.#averages = averages;
    this.#tell("averages", averages);
  }

  #tellStatus(): void {
    const nowMs = this.#options.clock.monotonic();
    const status = this.#options.status.current();
    const { state, broker, missing, auditedMs } = status;
    const essence = JSON.stringify({ state, broker, missing, auditedMs });
    if (essence === this.#status.essence && nowMs - this.#status.sentMs < STATUS_MS_MAX) return;
    this.#status = { essence, sentMs: nowMs };
    this.#tell("status", JSON.stringify(status));
  }

  #tell(event: keyof LiveEvents, json: string): void {
    for (const page of this.#pages) page.send(event, json);
  }

  #beat(): void {
    for (const page of this.#pages) page.beat();
  }
}

/** Behind which row the points of a stream begin. */
function beginningOf(stream: string, after: Positions | null): RowPosition | null | "now" {
  if (after === null) return "now";
  const position = after.get(stream);
  // Where nothing was stored, a history names no segment.
  return position === undefined || position.segment === "" ? null : position;
}
