import { describe, expect, test } from "@jest/globals";
import { indexFileOf, readCatalogue, StoredPoints } from "@weir/series";
import { type Deletion, type DeletionState, deletionsFileOf, writeDeletions } from "@weir/store";
import { readHistory } from "@weir/streams";
import { START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { readStatsConfig } from "../src/config.ts";
import { keptPoints, meterRow, openHome, startSubject } from "./history-subject.ts";
import { SECOND_US } from "./states.ts";

const HOME = "home: { filters: [home/#] }";
const POWER = ["home", "home/meter", "power"] as const;
const HOUR_SECONDS = 3_600;
type Folder = ReturnType<typeof temporaryFolder>;

const at = (second: number): number => START_US + second * SECOND_US;

/** Of these seconds, on the topic of the meter. */
function deletionOf(fromSecond: number, toSecond: number, state: DeletionState): Deletion {
  return {
    id: "d1",
    stream: "home",
    filters: ["home/meter"],
    fromUs: at(fromSecond),
    toUs: at(toSecond),
    through: { segment: "", id: 0 },
    askedUs: at(0),
    state,
    stateUs: at(0),
    undoUntilUs: null,
    doneSegment: null,
    hiddenRows: 0,
    restoredRows: 0,
    skipped: [],
  };
}

/** How many points of the power each of three hours has, as everybody is told. */
async function countsOf(folder: Folder): Promise<number[]> {
  const indexFile = indexFileOf(folder.file("weir.db"));
  const { streams } = readStatsConfig({
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: folder.file("weir.yaml"),
  }).series;
  const series = (readCatalogue(indexFile) ?? []).filter(({ path }) => path === "power");
  const span = { fromUs: at(0), toUs: at(3 * HOUR_SECONDS), bucketsMax: 3, timeZone: "UTC" };
  const { answers } = await readHistory(
    { series, ...span, isThorough: false },
    {
      streams,
      indexFile,
      skewUs: 0,
      nowUs: at(3 * HOUR_SECONDS),
      signal: new AbortController().signal,
      onSkipped: () => {},
    },
  );
  return answers.flatMap(({ buckets }) => buckets.map(({ count }) => count));
}

describe("the history after a deletion", () => {
  test("hides its points while it can be undone, and has them no more after that", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = startSubject(folder, HOME);
    // A point each ten minutes of three hours.
    const seconds = Array.from({ length: 18 }, (_, index) => index * 600);
    store.append(seconds.map((second) => meterRow(second, { power: second })));
    await subject.flushThrough("home", { id: 18 });
    expect(await countsOf(folder)).toEqual([6, 6, 6]);

    // The second half of the first hour, and the whole second one.
    const list = deletionsFileOf(folder.file("weir.db"));
    writeDeletions(list, [deletionOf(1_800, 7_200, "hidden")]);
    expect(await countsOf(folder)).toEqual([3, 0, 6]);
    writeDeletions(list, [deletionOf(1_800, 7_200, "undone")]);
    expect(await countsOf(folder)).toEqual([6, 6, 6]);
    expect(keptPoints(folder, POWER)).toHaveLength(18);

    writeDeletions(list, [deletionOf(1_800, 7_200, "removed")]);
    expect(await countsOf(folder)).toEqual([3, 0, 6]);
    await subject.advanceUntil(() => keptPoints(folder, POWER).length === 9);
    expect(keptPoints(folder, POWER).map(([second]) => second)).toEqual(
      seconds.filter((second) => second < 1_800 || second >= 7_200),
    );
    await subject.advanceUntil(() => hoursOf(folder).length === 2);
    expect(hoursOf(folder)).toEqual([3, 6]);
    expect(await countsOf(folder)).toEqual([3, 0, 6]);
  });

  test("takes points again that arrive for that time after they are gone", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = startSubject(folder, HOME);
    store.append([meterRow(0, { power: 1 }), meterRow(10, { power: 2 })]);
    await subject.flushThrough("home", { id: 2 });
    writeDeletions(deletionsFileOf(folder.file("weir.db")), [deletionOf(5, 20, "removed")]);
    await subject.advanceUntil(() => erasedIn(folder).length === 1);
    expect(keptPoints(folder, POWER)).toEqual([[0, 1]]);
    store.append([meterRow(12, { power: 3 })]);
    await subject.flushThrough("home", { id: 3 });
    expect(keptPoints(folder, POWER)).toEqual([
      [0, 1],
      [12, 3],
    ]);
    expect((await countsOf(folder))[0]).toBe(2);
  });
});

/** The deletions whose points are gone, as the index has them. */
function erasedIn(folder: Folder): unknown[] {
  const database = new Sqlite(indexFileOf(folder.file("weir.db")), { readonly: true });
  try {
    return database.prepare("SELECT deletion FROM erased").all();
  } finally {
    database.close();
  }
}

/** Points by the hour, as the index has them. */
function hoursOf(folder: Folder): number[] {
  using stored = StoredPoints.open(indexFileOf(folder.file("weir.db")));
  const series = stored?.find(...POWER) ?? null;
  if (stored === null || series === null) return [];
  const hours = stored.hours(series, at(0), at(3 * HOUR_SECONDS));
  return Array.from(hours, ({ partial }) => partial.count);
}
