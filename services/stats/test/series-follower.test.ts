import { cpSync, rmSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Catalogue } from "@weir/series";
import { START_US, temporaryFolder } from "@weir/testkit";
import { statisticsOf } from "../src/series-set.ts";
import { Deleting } from "./deleting.ts";
import { followDevices, openDevices, SECOND_US, stateRow } from "./states.ts";

/** `<device>/<attribute>` */
const nameOf = (topic: string): string => topic.slice("STATS/".length);

/** A follower over a folder, with a clock that a test sets, and what it reported. */
function followerOf(folder: string, seriesMax: number | null = 10, deletions = () => "") {
  const clock = { atSecond: START_US / SECOND_US, nowMs: 0 };
  const reported = { kept: 0, turnedAway: 0, restarts: 0, forgotten: [] as string[] };
  const catalogue = new Catalogue(":memory:");
  const ofStream = catalogue.stream("devices");
  const follower = followDevices({
    folder,
    catalogue,
    seriesMax,
    moment: () => ({ ...clock }),
    deletions,
    onAdded: ({ kept, turnedAway }) => {
      reported.kept += kept;
      reported.turnedAway += turnedAway;
    },
    onRestarted: () => {
      reported.restarts += 1;
    },
    onForgotten: (series) => {
      reported.forgotten.push(...series.map(({ topic }) => nameOf(topic)));
    },
  });
  return {
    clock,
    reported,
    follow: () => follower.follow(),
    isComplete: () => follower.isComplete(),
    points: () => Object.fromEntries([...ofStream.all()].map(({ path, points }) => [path, points])),
    averages: () =>
      Object.fromEntries(
        [...follower.series.all()].map(({ topic, ring }) => [
          nameOf(topic),
          ring.summarize(clock.atSecond)[2]?.average,
        ]),
      ),
    minutes: () =>
      [...follower.series.all()].map(
        (series) => statisticsOf(series, clock.atSecond, 0).windows["1min"],
      ),
    throughIds: () => [...follower.series.all()].map(({ throughId }) => throughId),
    [Symbol.dispose]: () => {
      follower[Symbol.dispose]();
      catalogue[Symbol.dispose]();
    },
  };
}

const after = (seconds: number): number => START_US + seconds * SECOND_US;

describe("the series of devices", () => {
  test("take no fault in a folder that is not there yet", async () => {
    using folder = temporaryFolder();
    using subject = followerOf(folder.file("devices"));
    await subject.follow();
    expect(subject.isComplete()).toBe(true);
    using store = openDevices(folder.file("devices"));
    store.append([stateRow({ receivedUs: START_US, data: { humidity: 40 } })]);
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/humidity": 40 });
  });

  test("are one for a device, under whichever prefix it speaks", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path);
    store.append([
      stateRow({ receivedUs: START_US, data: { a: 1, b: 5 } }),
      stateRow({ receivedUs: START_US, topic: "losant/kitchen/state", data: { a: 3 } }),
      stateRow({ receivedUs: START_US, topic: "devices/barn/state", data: { a: 7 } }),
    ]);
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 2, "kitchen/b": 5, "barn/a": 7 });
    expect(subject.throughIds()).toEqual([2, 1, 3]);
  });

  test("do not average what a broker had kept", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path);
    store.append([stateRow({ receivedUs: START_US, data: { a: 1 }, isRetained: true })]);
    await subject.follow();
    expect(subject.averages()).toEqual({});
  });

  test("are there again after a restart, with all that the longest window needs", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    store.append([stateRow({ receivedUs: after(0), data: { a: 1 } })]);
    store.append([stateRow({ receivedUs: after(1), data: { a: 2 } })]);
    store.rotate(after(900));
    store.append([stateRow({ receivedUs: after(1_000), data: { a: 6 } })]);
    using subject = followerOf(folder.path);
    subject.clock.atSecond += 1_800;
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 4 });
  });

  test("follow a deletion and its undo", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    store.append([stateRow({ receivedUs: after(0), data: { a: 1 } })]);
    store.append([stateRow({ receivedUs: after(1), data: { a: 2 } })]);
    const deleting = new Deleting({ kind: "folder", folder: folder.path });
    using subject = followerOf(folder.path, 10, () => deleting.version);
    subject.clock.atSecond += 10;
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 1.5 });
    deleting.hide(store, { filters: ["devices/#"], fromUs: after(1), toUs: after(2) });
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 1 });
    deleting.undo(store);
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 1.5 });
  });

  test("that were forgotten are there again when the clock is set back to where they count", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path);
    store.append([stateRow({ receivedUs: START_US, data: { humidity: 40 } })]);
    await subject.follow();
    subject.clock.atSecond += 1_920;
    await subject.follow();
    expect(subject.averages()).toEqual({});
    subject.clock.atSecond -= 590;
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/humidity": 40 });
  });

  test("are read again when a segment vanishes that has readings in a window", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path);
    store.append([stateRow({ receivedUs: START_US, data: { a: 1, gone: 1 } })]);
    const { sealed } = store.rotate(after(10));
    store.append([stateRow({ receivedUs: after(10), data: { a: 5 } })]);
    subject.clock.atSecond += 10;
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 3, "kitchen/gone": 1 });
    for (const suffix of ["", "-wal", "-shm"]) rmSync(sealed + suffix, { force: true });
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 5 });
    expect(subject.reported.forgotten).toEqual(["kitchen/gone"]);
  });

  test("turn away those that there is no room for, and keep those that are there", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path, 2);
    store.append([stateRow({ receivedUs: START_US, data: { a: 1, b: 2, c: 3 } })]);
    store.append([stateRow({ receivedUs: START_US, data: { c: 3, b: 4 } })]);
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 1, "kitchen/b": 3 });
    expect(subject.reported).toMatchObject({ kept: 3, turnedAway: 2 });
  });

  test("make room when they are silent, and who comes then has all its readings", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path, 2);
    store.append([stateRow({ receivedUs: START_US, data: { a: 1, b: 2 } })]);
    await subject.follow();
    subject.clock.atSecond += 1_500;
    store.append([stateRow({ receivedUs: after(1_500), data: { b: 4, c: 10 } })]);
    await subject.follow();
    expect(Object.keys(subject.averages())).toEqual(["kitchen/a", "kitchen/b"]);
    subject.clock.atSecond += 500;
    store.append([stateRow({ receivedUs: after(2_000), data: { c: 20 } })]);
    // The first look forgets what is silent, the second reads the stream for those who were turned away.
    await subject.follow();
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/b": 4, "kitchen/c": 15 });
    expect(subject.reported.forgotten).toEqual(["kitchen/a"]);
  });

  test("keep their places while the stream is read again, whichever comes first in it", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path, 2);
    store.append([stateRow({ receivedUs: START_US, data: { a: 1, b: 1 } })]);
    const { sealed } = store.rotate(after(1));
    store.append([stateRow({ receivedUs: after(1), data: { stranger: 9, b: 2, a: 3 } })]);
    subject.clock.atSecond += 1;
    await subject.follow();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(sealed + suffix, { force: true });
    await subject.follow();
    expect(subject.reported.restarts).toBe(1);
    expect(subject.averages()).toEqual({ "kitchen/b": 2, "kitchen/a": 3 });
  });

  test("are read again no more than a tenth of the time", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path);
    store.append([stateRow({ receivedUs: START_US, data: { a: 1 } })]);
    const { sealed } = store.rotate(after(1));
    // The first reading takes 100 ms, by this clock.
    subject.clock.nowMs = 100;
    await subject.follow();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(sealed + suffix, { force: true });
    subject.clock.nowMs = 1_099;
    await subject.follow();
    expect(subject.reported.restarts).toBe(0);
    subject.clock.nowMs = 1_100;
    await subject.follow();
    expect(subject.reported.restarts).toBe(1);
  });

  test.each([
    ["with statistics", 10],
    ["without", null],
  ] as const)(
    "%s go on where an older copy of the store has been put back",
    async (_, seriesMax) => {
      using folder = temporaryFolder();
      const place = folder.file("devices");
      const state = (a: number) => stateRow({ receivedUs: after(a), data: { a } });
      {
        using store = openDevices(place);
        store.append([state(1)]);
      }
      cpSync(place, folder.file("copy"), { recursive: true });
      using subject = followerOf(place, seriesMax);
      {
        using store = openDevices(place);
        store.append([state(2), state(3)]);
        await subject.follow();
        expect(subject.points()).toEqual({ a: 3 });
      }
      rmSync(place, { recursive: true });
      cpSync(folder.file("copy"), place, { recursive: true });
      await subject.follow();
      expect(subject.isComplete()).toBe(true);
      using store = openDevices(place);
      store.append([state(4)]);
      await subject.follow();
      expect(subject.points()).toEqual({ a: 4 });
      expect(subject.reported.restarts).toBe(1);
    },
  );

  test("are there for a device whose first message was no state", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path);
    const bare = stateRow({ receivedUs: START_US, data: {} });
    store.append([{ ...bare, payload: Buffer.from('{"a":1}') }]);
    store.append([stateRow({ receivedUs: START_US, data: { a: 7 } })]);
    await subject.follow();
    expect(subject.averages()).toEqual({ "kitchen/a": 7 });
  });

  test("say nothing of transitions before they know all of them", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using subject = followerOf(folder.path);
    store.append([stateRow({ receivedUs: after(0), data: { relay: 1 } })]);
    store.append([stateRow({ receivedUs: after(1), data: { relay: 0 } })]);
    subject.clock.atSecond += 3;
    // The first reading takes 100 ms, so that the next one waits for a second.
    subject.clock.nowMs = 100;
    await subject.follow();
    store.append([stateRow({ receivedUs: after(2), data: { relay: "ON" } })]);
    await subject.follow();
    expect(subject.minutes()).toEqual([{ count: 3, min: 0, max: 1, ageSeconds: 1 }]);
    subject.clock.nowMs = 1_100;
    await subject.follow();
    expect(subject.minutes()).toMatchObject([{ count: 3, transitions: 2, share: 0.75 }]);
  });
});
