import { expect, test } from "@jest/globals";
import { Catalogue } from "@weir/series";
import { compareWithRows } from "@weir/stats/compare-with-rows";
import { SeriesFollower } from "@weir/stats/series-follower";
import { statisticsOf } from "@weir/stats/series-set";
import { streamTopics } from "@weir/stats/series-topics";
import { openSegmentedStore } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import { rowOf, temporaryFolder } from "@weir/testkit";
import { bytesOf, CORPORA } from "./corpora.ts";

const SKEW_US = 60_000_000;
const SECOND_US = 1_000_000;
const SERIES_MAX = 5_000;
const ROUNDS = 6;
/** When the devices of the corpus speak. */
const START_US = Date.parse("2026-11-27T08:31:00Z") * 1_000;

const MESSAGES = CORPORA.flatMap(({ content: { cases } }) => cases);

test("the statistics of every family's series equal a loop over the rows, whatever was killed in between", async () => {
  using folder = temporaryFolder();
  const indexFile = folder.file("index.db");
  const stream = {
    name: "home",
    place: { kind: "folder", folder: folder.file("home") },
    decoder: { kind: "auto" },
    timeZone: "Europe/Berlin",
    series: "auto",
    statistics: true,
    historyMs: null,
    rowsAgeMs: null,
    topicOf: streamTopics("STATS", "home"),
  } as const;
  const openStore = (nowUs: number) =>
    openSegmentedStore({
      folder: stream.place.folder,
      stream: "home",
      synchronous: "NORMAL",
      nowUs,
    });
  let nowUs = START_US;
  const moment = () => ({ atSecond: Math.floor(nowUs / SECOND_US), nowMs: nowUs / 1_000 });
  const startStats = () => {
    const catalogue = new Catalogue(indexFile);
    const follower = new SeriesFollower({
      name: stream.name,
      place: stream.place,
      reader: openSeriesReader(stream, SKEW_US),
      catalogue,
      statistics: { topicOf: stream.topicOf, seriesMax: SERIES_MAX },
      history: null,
      skewUs: SKEW_US,
      moment,
      onAdded: () => {},
      onSkipped: () => {},
      onRestarted: () => {},
      onForgotten: () => {},
    });
    return { catalogue, follower };
  };

  let store = openStore(nowUs);
  let stats = startStats();
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, message] of MESSAGES.entries()) {
        nowUs += 50_000;
        const row = { ...rowOf("{}", nowUs), value: null, observedUs: null };
        const payload = bytesOf(message.payload);
        store.append([{ ...row, topic: message.topic, payload, retained: message.retained }]);
        // Something happens every forty messages: stats reads, saves, or is killed; the logger rotates or is killed.
        switch ((index + round * 7) % 200) {
          case 0:
            await stats.follower.follow();
            break;
          case 40:
            await stats.follower.follow();
            stats.catalogue.save();
            break;
          case 80:
            await stats.follower.follow();
            stats.follower[Symbol.dispose]();
            stats.catalogue[Symbol.dispose]();
            stats = startStats();
            break;
          case 120:
            store.rotate(nowUs);
            break;
          case 160:
            store[Symbol.dispose]();
            store = openStore(nowUs);
            break;
        }
      }
      nowUs += 60 * SECOND_US;
      // A series that turned out to be a counter is read again at the next look.
      for (let look = 0; look < 3; look += 1) {
        nowUs += SECOND_US;
        await stats.follower.follow();
      }
      stats.catalogue.save();
      const { atSecond } = moment();
      const published = new Map(
        Array.from(stats.follower.series.all(), (series) => [
          series.topic,
          statisticsOf(series, atSecond, 0),
        ]),
      );
      const compared = await compareWithRows(
        { streams: [stream], indexFile, skewUs: SKEW_US },
        published,
      );
      expect(compared.filter(({ isEqual }) => !isEqual)).toEqual([]);
      expect(compared.length).toBeGreaterThan(300);
    }
  } finally {
    stats.follower[Symbol.dispose]();
    stats.catalogue[Symbol.dispose]();
    store[Symbol.dispose]();
  }
});
