import { mkdirSync, writeFileSync } from "node:fs";
import { indexFileOf } from "@weir/series";
import { type NewRow, openSegmentedStore, type SegmentedStore } from "@weir/store";
import {
  createFakeClock,
  createTestContext,
  type FakeClock,
  rowOf,
  START_US,
  type TemporaryFolder,
  type TestContext,
} from "@weir/testkit";
import { WorkflowFolder } from "../../src/files/folder.ts";
import type { FedStream } from "../../src/live/feed.ts";
import { WorkflowsEngine } from "../../src/live/workflows-engine.ts";
import { WorkflowsLog } from "../../src/log/workflows-log.ts";

export const MINUTE_MS = 60_000;
/** From one round of the loop to the next. */
export const ROUND_MS = 200;
const START_MS = START_US / 1_000;

/** A store with the stream home, whose time stands still until it is moved. */
export class Home implements Disposable {
  readonly folder: TemporaryFolder;
  readonly clock: FakeClock = createFakeClock(START_MS);
  readonly store: SegmentedStore;

  constructor(folder: TemporaryFolder) {
    this.folder = folder;
    const place = folder.file("home");
    const options = { synchronous: "NORMAL", ballastBytes: 0, nowUs: START_US } as const;
    this.store = openSegmentedStore({ ...options, folder: place, stream: "home" });
  }

  /** Stores a message that is received now. */
  receive(topic: string, content: unknown, changed: Partial<NewRow> = {}): void {
    const receivedUs = this.clock.now() * 1_000;
    const payload = Buffer.from(JSON.stringify(content));
    const row = {
      ...rowOf("{}", receivedUs),
      topic,
      payload,
      value: null,
      observedUs: null,
      ...changed,
    };
    this.store.append([row]);
  }

  /** Writes the workflow file home.yaml. */
  write(text: string): void {
    mkdirSync(this.folder.file("workflows"), { recursive: true });
    writeFileSync(this.folder.file("workflows/home.yaml"), text);
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }
}

/** Workflows that run on a home. */
export class Running implements AsyncDisposable {
  readonly context: TestContext;
  readonly log: WorkflowsLog;
  readonly workflows: WorkflowsEngine;
  readonly #home: Home;

  constructor(home: Home) {
    this.#home = home;
    this.context = createTestContext(home.clock);
    const { folder } = home;
    this.log = new WorkflowsLog(folder.file("workflows.db"));
    const stream: FedStream = {
      name: "home",
      filters: ["#"],
      place: { kind: "folder", folder: folder.file("home") },
      decoder: { kind: "auto" },
      timeZone: null,
      series: "auto",
      statistics: false,
      historyMs: null,
    };
    this.workflows = new WorkflowsEngine({
      log: this.log,
      streams: [stream],
      indexFile: indexFileOf(folder.file("weir.db")),
      skewUs: 60e6,
      presenceFilters: ["devices/+/availability"],
      onActions: () => {},
      context: this.context,
    });
    this.reload();
    // It looks where the stream ends.
    home.clock.advance(ROUND_MS);
  }

  reload(): void {
    const { folder, clock } = this.#home;
    const loaded = new WorkflowFolder(folder.file("workflows"), clock).load();
    const problems = loaded.files.flatMap((file) => file.problems);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    this.workflows.setWorkflows(loaded);
  }

  /** Which node of which run sent what by which outputs, of all runs: `warm:yes`. */
  path(): string[] {
    const { runs } = this.log;
    const found = runs.search({ limit: 200 }).toReversed();
    return found.flatMap(({ id }) =>
      (runs.find(id)?.steps ?? []).map(({ node, outputs }) => [node, ...outputs].join(":")),
    );
  }

  /** Ends it as SIGKILL does: what was not committed is lost. */
  kill(): void {
    this.log[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workflows[Symbol.asyncDispose]();
    this.log[Symbol.dispose]();
  }
}
