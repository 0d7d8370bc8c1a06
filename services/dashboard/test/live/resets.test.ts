import { rmSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import { Catalogue } from "@weir/series";
import {
  type Deletion,
  deletionsFileOf,
  type SegmentedStore,
  startSegmentFinalizer,
  writeDeletions,
} from "@weir/store";
import { eventually, openTestStore, START_US, temporaryFolder } from "@weir/testkit";
import { encodePositions } from "../../src/contract/positions.ts";
import { LiveClient } from "./live-client.ts";
import { endOf, jsonRow, LiveSubject, numbers, openHome, POWER, power } from "./live-subject.ts";

const SECOND_US = 1_000_000;

/** Makes an archive of a sealed segment. */
async function archive(store: SegmentedStore, file: string): Promise<void> {
  const finished = Promise.withResolvers<void>();
  await using finalizer = startSegmentFinalizer({
    clock: systemClock,
    onFinished: () => finished.resolve(),
    onUnfinished: ({ reason }) => finished.reject(new Error(reason)),
  });
  finalizer.finish(file);
  await finished.promise;
  await new Promise<void>((resolve) => finalizer.archive(file, resolve));
  store.noteArchived(file);
}

describe("a page that comes back", () => {
  test("gets each row once of a segment that has become an archive meanwhile", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append(numbers(1, 10).map((number) => power(number)));
    const after = endOf(store);
    store.append(numbers(11, 20).map((number) => power(number)));
    const { sealed } = store.rotate(START_US + SECOND_US);
    await archive(store, sealed);
    expect(store.segments()[0]?.state).toBe("archived");
    store.append([power(21)]);
    await using subject = await LiveSubject.start(folder);
    await using client = await LiveClient.open(subject.address, { series: POWER, after });
    await eventually(() => client.values().at(-1) === 21);
    expect(client.values()).toEqual(numbers(11, 21));
    expect(client.of("reset")).toEqual([]);
  });

  test("gets a reset where retention has removed rows that it has not got", async () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    store.append([power(1)]);
    const after = endOf(store);
    store.append([power(2), power(3)]);
    const cutoffUs = START_US + SECOND_US;
    store.append([{ ...power(4), receivedUs: cutoffUs }]);
    const sizes = { bytesMax: null, freeDiskBytesMin: null };
    store.prune({ cutoffUs, futureUs: Number.MAX_SAFE_INTEGER, rowsMax: 10, ...sizes });
    const place = { kind: "file", file: folder.file("weir.db") } as const;
    await using subject = await LiveSubject.start(folder, { place });
    await using client = await LiveClient.open(subject.address, { series: POWER, after });
    await eventually(() => client.of("reset").length === 1);
    expect(client.values()).toEqual([]);
  });
});

describe("an open page", () => {
  test("is reset when rows of its stream were deleted, and goes on", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append([power(1)]);
    await using subject = await LiveSubject.start(folder);
    const query = { series: POWER, after: encodePositions(new Map()) };
    await using client = await LiveClient.open(subject.address, query);
    await eventually(() => client.values().length === 1);
    writeDeletions(deletionsFileOf(folder.file("weir.db")), [hidden(store)]);
    await eventually(() => client.of("reset").length === 1);
    store.append([power(2)]);
    await eventually(() => client.values().length === 2);
    expect(client.values()).toEqual([1, 2]);
  });

  test("is reset when the stream is another one, and goes on with that", async () => {
    using folder = temporaryFolder();
    await using subject = await LiveSubject.start(folder);
    const query = { series: POWER, after: encodePositions(new Map()) };
    await using client = await LiveClient.open(subject.address, query);
    {
      using store = openHome(folder);
      store.append([power(1)]);
      await eventually(() => client.values().length === 1);
    }
    rmSync(folder.file("home"), { recursive: true });
    await eventually(() => client.of("reset").length === 1);
    using store = openHome(folder);
    store.append([power(2)]);
    await eventually(() => client.values().length === 2);
    expect(client.values()).toEqual([1, 2]);
  });
});

describe("points that depend on earlier messages of other topics", () => {
  const discovery = (one: string) =>
    jsonRow("homeassistant/binary_sensor/door/config", {
      state_topic: "meter",
      value_template: "{{ value_json.door }}",
      payload_on: one,
      payload_off: "rest",
      unique_id: "door",
    });
  const door = (word: string) => jsonRow("meter", { door: word });

  test("are read as stats does, whether those came before the page, before its place, or while it is open", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append([discovery("early"), door("early")]);
    {
      using catalogue = new Catalogue(folder.file("index.db"));
      const of = catalogue.stream("home");
      of.memory.at({ segment: store.end().segment, id: 1 }).set("words meter", {
        door: ["early", "rest"],
      });
      of.rewind({ ...store.end(), receivedUs: START_US });
      catalogue.save();
    }
    store.append([door("early"), discovery("later"), door("later")]);
    const after = endOf(store);
    store.append([door("later")]);
    await using subject = await LiveSubject.start(folder);
    const series = "home:meter#door";
    await using rest = await LiveClient.open(subject.address, { series, after });
    await eventually(() => rest.values().length === 1);
    const beginning = encodePositions(new Map());
    await using whole = await LiveClient.open(subject.address, { series, after: beginning });
    await eventually(() => whole.values().length === 4);
    store.append([discovery("ajar"), door("ajar"), door("rest")]);
    await eventually(() => rest.values().length === 3 && whole.values().length === 6);
    expect(whole.values()).toEqual([1, 1, 1, 1, 1, 0]);
    expect(rest.values()).toEqual([1, 1, 0]);
  });
});

/** A deletion of all rows of the stream, which has hidden them. */
function hidden(store: SegmentedStore): Deletion {
  const deletion = {
    id: "d1",
    stream: "home",
    filters: ["#"],
    fromUs: 0,
    toUs: 2 * START_US,
    through: store.end(),
  };
  return {
    ...deletion,
    askedUs: START_US,
    state: "hidden",
    stateUs: START_US,
    undoUntilUs: null,
    doneSegment: null,
    hiddenRows: 1,
    restoredRows: 0,
    skipped: [],
  };
}
