import { Catalogue, indexFileOf, PointsStore } from "@weir/series";
import { openSegmentedStore, positionOf, readRange, type SegmentedStore } from "@weir/store";
import { openSeriesReader, type StoredStream } from "@weir/streams";
import { createFakeClock, rowOf, type TemporaryFolder } from "@weir/testkit";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { type TrialSource, tryFlow } from "../../src/trial/trial.ts";

export const MINUTE_MS = 60_000;
export const START_MS = Date.UTC(2026, 10, 1);
const SKEW_US = 60_000_000;

/** The stream home, with its rows and points. */
export class StoredPast implements Disposable {
  readonly indexFile: string;
  readonly stream: StoredStream;
  readonly #store: SegmentedStore;

  constructor(folder: TemporaryFolder, { historyMs }: { historyMs: number | null }) {
    this.indexFile = indexFileOf(folder.file("weir.db"));
    const place = { kind: "folder", folder: folder.file("home") } as const;
    const about = { decoder: { kind: "auto" }, timeZone: null, series: "auto" } as const;
    this.stream = { name: "home", place, ...about, statistics: false, historyMs };
    this.#store = openSegmentedStore({
      folder: place.folder,
      stream: "home",
      synchronous: "NORMAL",
      ballastBytes: 0,
      nowUs: START_MS * 1_000,
    });
  }

  /** Messages, as the logger stores them. */
  store(messages: readonly { topic: string; payload: unknown; afterMs: number }[]): void {
    const rows = messages.map(({ topic, payload, afterMs }) => ({
      ...rowOf("{}", (START_MS + afterMs) * 1_000),
      topic,
      payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
      value: null,
      observedUs: null,
    }));
    this.#store.append(rows);
  }

  rotate(afterMs: number): void {
    this.#store.rotate((START_MS + afterMs) * 1_000);
  }

  /** Lists the series of all rows, and keeps their points, as stats does. */
  async keep(): Promise<void> {
    const reader = openSeriesReader(this.stream, SKEW_US);
    using catalogue = new Catalogue(this.indexFile);
    const of = catalogue.stream("home");
    using points = new PointsStore({
      indexFile: this.indexFile,
      clock: createFakeClock(START_MS),
      onLost: ({ reason }) => {
        throw reason;
      },
    });
    const historyMs = this.stream.historyMs ?? 0;
    const writer = historyMs === 0 ? null : await points.stream("home", { historyMs });
    for await (const { messages } of readRange(this.stream.place)) {
      for (const message of messages) {
        const row = { ...positionOf(message.cursor), receivedUs: message.receivedUs };
        const reading = reader.read(message, of.memory.at(row));
        of.note(reading, row);
        for (const { path, observedUs, value } of reading.points) {
          writer?.add(reading.topic, path, observedUs, value);
        }
        writer?.pass(row);
      }
    }
    await writer?.flush();
    catalogue.save();
  }

  /** Tries the first workflow of a text, beside that of another one. */
  async try(
    text: string,
    { saved = null, toMs = MINUTE_MS * 60 * 24, ...given }: TryOptions = {},
  ): ReturnType<typeof tryFlow> {
    const asked = firstFlowOf(text);
    if (asked === null) throw new Error("the text has a workflow");
    const before = saved === null ? null : firstFlowOf(saved);
    const span = { fromMs: START_MS, toMs: START_MS + toMs };
    return await tryFlow({ asked, saved: before, ...span }, { ...this.#source(), ...given });
  }

  #source(): TrialSource {
    return {
      streams: [this.stream],
      indexFile: this.indexFile,
      skewUs: SKEW_US,
      signal: new AbortController().signal,
      tookMsMax: 60_000,
      devicePrefixes: ["devices"],
      historyOf: async () => ({ isDone: false, problem: "not here", isUncertain: false }),
    };
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
  }
}

type TryOptions = Partial<TrialSource> & { saved?: string | null; toMs?: number };

function firstFlowOf(text: string) {
  const { flows, problems } = parseWorkflowFile(text, "test");
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return flows[0] ?? null;
}
