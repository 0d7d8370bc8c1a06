import { setImmediate as yieldToEvents } from "node:timers/promises";
import { presenceFilters } from "@weir/protocol";
import { type CataloguedSeries, Pace, readCatalogue } from "@weir/series";
import type { HistorySource } from "@weir/streams";
import type { Trial } from "../contract/trials.ts";
import type { FlowDefinition } from "../files/workflow-file.ts";
import { type EventSequence, inOrderOfTime } from "./stored-event.ts";
import { storedConnections, storedMessages } from "./stored-messages.ts";
import { type Sources, storedReadings } from "./stored-readings.ts";
import { notesOn } from "./trial-notes.ts";
import { type HistoryOf, TriedVersion } from "./tried-version.ts";

/** What is tried. Times in milliseconds since the epoch. */
export interface TrialQuestion {
  asked: FlowDefinition;
  /** What is saved, to compare it with; `null` for nothing. */
  saved: FlowDefinition | null;
  fromMs: number;
  toMs: number;
}

/** What a workflow is tried on, and how long that may take. */
export interface TrialSource extends Omit<HistorySource, "nowUs" | "onSkipped"> {
  /** The first levels of the topics of Weir's devices. */
  devicePrefixes: readonly string[];
  historyOf: HistoryOf;
  /** The trial ends after so long with what it has found by then. */
  tookMsMax: number;
  /** How much of the time was tried, from 0 to 1; now and then. */
  onProgress?: (share: number) => void;
}

/** Readings and messages of one trial at most. */
const EVENTS_MAX = 50_000_000;
/** Lines about what was left out at most. */
const NOTES_MAX = 20;
const EVENTS_BETWEEN_LOOKS = 256;
const PROGRESS_MS = 250;
const US = 1_000;

/** Ends a trial early, with what it has found. */
class Limit extends Error {}

/**
 * What a workflow would have done with what is stored: its events come with their own times, its actions are recorded and
 * not performed. Beside it the saved version.
 *
 * @throws Fault when a store cannot be read; the reason of the signal.
 */
export async function tryFlow(question: TrialQuestion, source: TrialSource): Promise<Trial> {
  const { asked, saved, fromMs, toMs } = question;
  const startMs = performance.now();
  const notes = new Set<string>();
  const names = source.streams.map(({ name }) => name);
  const open = (flow: FlowDefinition): TriedVersion =>
    new TriedVersion(flow, names, source.historyOf);
  const versions = [open(asked)];
  if (saved !== null && saved.hash !== asked.hash) versions.push(open(saved));

  const catalogue = readCatalogue(source.indexFile) ?? [];
  const listened = versions.flatMap((version) => version.listened);
  const about = { streams: source.streams, fromUs: fromMs * US };
  for (const note of await notesOn(listened, catalogue, about)) notes.add(note);

  const sources: Sources = { points: false, rows: false };
  let events = 0;
  let reachedMs = fromMs;
  let shownMs = startMs;
  const pace = new Pace(source.signal);
  const look = async (): Promise<void> => {
    await pace.breathe();
    const nowMs = performance.now();
    if (nowMs - startMs > source.tookMsMax) {
      throw new Limit(`${Math.round(source.tookMsMax / 1_000)} s were over`);
    }
    if (events > EVENTS_MAX) throw new Limit(`there were ${EVENTS_MAX} readings and messages`);
    if (nowMs - shownMs < PROGRESS_MS) return;
    shownMs = nowMs;
    source.onProgress?.((reachedMs - fromMs) / (toMs - fromMs));
    // The progress gets out only where others may work.
    await yieldToEvents();
  };
  try {
    for (const version of versions) await version.start(fromMs);
    const trying = { source, versions, catalogue, sources, notes };
    for await (const some of inOrderOfTime(sequencesOf(question, trying))) {
      for (const event of some) {
        events += 1;
        reachedMs = event.atMs;
        for (const version of versions) {
          if (version.isStopped) continue;
          const waiting = version.take(event);
          if (waiting !== null) await waiting;
        }
        if (events % EVENTS_BETWEEN_LOOKS === 0) await look();
      }
      if (versions.every(({ isStopped }) => isStopped)) break;
    }
    for (const version of versions) await version.advance(toMs, look);
  } catch (error) {
    if (!(error instanceof Limit)) throw error;
    notes.add(`tried up to ${new Date(reachedMs).toISOString()}: ${error.message}`);
  }
  const [askedResult, savedResult = null] = versions.map((version) => version.result());
  if (askedResult === undefined) throw new Error("the asked version is always there");
  for (const { fired, counts } of [askedResult, savedResult ?? askedResult]) {
    const count = Object.values(counts).reduce((sum, one) => sum + one, 0);
    if (fired.length < count) {
      notes.add(`only the first ${fired.length} of ${count} actions are listed`);
    }
  }
  return {
    fromMs,
    toMs,
    events,
    tookMs: performance.now() - startMs,
    source: sources.points ? (sources.rows ? "both" : "points") : "rows",
    asked: askedResult,
    saved: savedResult,
    notes: [...notes].slice(0, NOTES_MAX),
  };
}

interface Trying {
  source: TrialSource;
  versions: readonly TriedVersion[];
  catalogue: readonly CataloguedSeries[];
  sources: Sources;
  notes: Set<string>;
}

/** Everything stored that one of the versions hears. */
function sequencesOf(
  { fromMs, toMs }: TrialQuestion,
  { source, versions, catalogue, sources, notes }: Trying,
): EventSequence[] {
  const stored: HistorySource = {
    ...source,
    nowUs: toMs * US,
    onSkipped: ({ reason }) => void notes.add(`left out: ${reason}`),
  };
  const [fromUs, toUs] = [Math.floor(fromMs * US), Math.ceil(toMs * US)];
  return source.streams.flatMap((stream) => {
    const heard = heardBy(versions, stream.name);
    const wanted = { stream, fromUs, toUs };
    const ofStream = catalogue.filter((one) => one.stream === stream.name);
    const sequences: EventSequence[] = [];
    if (heard.seriesFilters.length > 0) {
      const series = ofStream.filter(({ topic, path }) => heard.hasSeries(topic, path));
      const question = { ...wanted, series, filters: heard.seriesFilters, hears: heard.hasSeries };
      sequences.push(storedReadings(question, stored, sources));
    }
    if (heard.messageFilters.length > 0) {
      const { messageFilters: filters, hasMessages: hears } = heard;
      const question = { ...wanted, filters, catalogue: ofStream, hears };
      sequences.push(storedMessages(question, stored, sources));
    }
    if (heard.hasConnections) {
      const filters = presenceFilters(source.devicePrefixes);
      sequences.push(storedConnections({ ...wanted, filters }, stored, sources));
    }
    return sequences;
  });
}

/** What the versions listen to in a stream. */
function heardBy(versions: readonly TriedVersion[], stream: string) {
  const filters = (of: "series" | "messages"): string[] => [
    ...new Set(versions.flatMap(({ dispatch }) => dispatch.filtersOf(stream, of))),
  ];
  return {
    seriesFilters: filters("series"),
    messageFilters: filters("messages"),
    hasConnections: versions.some(({ dispatch }) => dispatch.listenersTo("connections").length > 0),
    hasSeries: (topic: string, path: string): boolean =>
      versions.some(({ dispatch }) => dispatch.targetsOf(stream, topic)?.series.has(path)),
    hasMessages: (topic: string): boolean =>
      versions.some(
        ({ dispatch }) => (dispatch.targetsOf(stream, topic)?.messages.length ?? 0) > 0,
      ),
  };
}
