import { type Buckets, type CataloguedSeries, readCatalogue } from "@weir/series";
import { askHistory, type HistorySource } from "@weir/streams";
import { type DataSet, seriesOf } from "./sets.ts";
import { bytesOf, folderBytes, type Store } from "./store.ts";
import { type Answer, emptyAnswer, type Subject, TIME_ZONE } from "./subject.ts";

/** Weir's answer as it is: from the index, the files of points, and the rows behind them. */
export function fromPoints(set: DataSet, store: Store): Subject {
  const bytes = folderBytes(store.historyFolder) + bytesOf([store.indexFile]);
  return { ...subjectOf("Weir", set, store), bytes: () => bytes };
}

/** Weir's answer from the rows alone, as before there were points. */
export function fromRows(set: DataSet, store: Store): Subject {
  const streams = store.streams.map((stream) => ({ ...stream, historyMs: null }));
  return subjectOf("Weir, from rows", set, { ...store, streams });
}

function subjectOf(name: string, set: DataSet, store: Store): Subject {
  const series = cataloguedSeries(set, store.indexFile);
  const source: HistorySource = {
    ...store,
    nowUs: set.toUs,
    signal: new AbortController().signal,
    onSkipped: ({ reason }) => {
      throw new Error(reason);
    },
  };
  return {
    name,
    bytes: () => null,
    ask: async (question) => {
      const { fromUs, toUs, bucketsMax } = question;
      // The numbers of a question are those of the set's series.
      const asked = question.series.map((number) => series[number] as CataloguedSeries);
      const places = new Map(asked.map((one, place) => [one, place]));
      const time = { fromUs, toUs, bucketsMax, timeZone: TIME_ZONE, isThorough: false };
      const { answers } = askHistory({ series: asked, ...time }, source);
      const answer = emptyAnswer(question);
      for await (const { series: one, buckets } of answers) {
        addTo(answer, (places.get(one) ?? Number.NaN) * question.buckets.count, buckets);
      }
      return () => answer;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Millions of buckets come in one answer. @param from the number of the first one. */
function addTo(answer: Answer, from: number, buckets: Buckets): void {
  for (let place = 0; place < buckets.length; place += 1) {
    const count = buckets.countAt(place);
    if (count === 0) continue;
    const at = from + place;
    answer.count[at] = count;
    answer.sum[at] = buckets.averageAt(place) * count;
    answer.min[at] = buckets.minAt(place);
    answer.max[at] = buckets.maxAt(place);
  }
}

/** The series in the order of the set. @throws Error for one that the catalogue does not have. */
function cataloguedSeries(set: DataSet, indexFile: string): CataloguedSeries[] {
  const key = ({ topic, path }: { topic: string; path: string }): string => `${topic}#${path}`;
  const catalogued = new Map((readCatalogue(indexFile) ?? []).map((one) => [key(one), one]));
  return seriesOf(set).map((one) => {
    const found = catalogued.get(key(one));
    if (found === undefined) throw new Error(`the catalogue has no series ${key(one)}`);
    return found;
  });
}
