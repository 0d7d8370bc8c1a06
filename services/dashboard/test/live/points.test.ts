import { describe, expect, test } from "@jest/globals";
import { eventually, START_US, temporaryFolder } from "@weir/testkit";
import { encodePositions } from "../../src/contract/positions.ts";
import { LiveClient } from "./live-client.ts";
import { endOf, jsonRow, LiveSubject, numbers, openHome, POWER, power } from "./live-subject.ts";

const SECOND_US = 1_000_000;

describe("points of a live stream", () => {
  test("are those of readings that are stored from now on, where no place is named", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append([power(1), power(2)]);
    await using subject = await LiveSubject.start(folder);
    await using client = await LiveClient.open(subject.address, { series: POWER });
    await eventually(() => client.lastId === endOf(store));
    store.append([power(3)]);
    await eventually(() => client.values().length > 0);
    expect(client.values()).toEqual([3]);
    expect(client.lastId).toBe(endOf(store));
  });

  test("go on behind the place that a history names", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append([power(1), power(2)]);
    const after = endOf(store);
    store.append([power(3), power(4)]);
    await using subject = await LiveSubject.start(folder);
    await using client = await LiveClient.open(subject.address, { series: POWER, after });
    await eventually(() => client.values().length === 2);
    store.append([power(5)]);
    await eventually(() => client.values().length === 3);
    expect(client.values()).toEqual([3, 4, 5]);
  });

  test("begin with the first row where the history has seen an empty stream", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = await LiveSubject.start(folder);
    const after = encodePositions(new Map());
    await using first = await LiveClient.open(subject.address, { series: POWER, after });
    store.append([power(1)]);
    await eventually(() => first.values().length === 1);
    await using second = await LiveClient.open(subject.address, { series: POWER, after });
    await eventually(() => second.values().length === 1);
    expect([first.values(), second.values()]).toEqual([[1], [1]]);
  });

  test("are sent to each page for its own series, by their index", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = await LiveSubject.start(folder);
    const after = encodePositions(new Map());
    const both = ["home:attic#temperature", POWER];
    await using one = await LiveClient.open(subject.address, { series: both, after });
    await using other = await LiveClient.open(subject.address, { series: POWER, after });
    store.append([jsonRow("attic", { temperature: 21.5, power: 9 }), power(7)]);
    await eventually(() => one.values(1).length === 1 && other.values().length === 1);
    expect([one.values(0), one.values(1), other.values()]).toEqual([[21.5], [7], [7]]);
  });

  test("come once each over rotations", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = await LiveSubject.start(folder);
    const query = { series: POWER, after: encodePositions(new Map()) };
    await using client = await LiveClient.open(subject.address, query);
    for (const number of numbers(1, 6)) {
      store.append([power(number)]);
      store.rotate(START_US + number * SECOND_US);
    }
    store.append([power(7)]);
    await eventually(() => client.values().length >= 7);
    expect(client.values()).toEqual(numbers(1, 7));
  });

  test("are asked for once more where the place is too far back or gone", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append(Array.from({ length: 100_002 }, () => power(1)));
    await using subject = await LiveSubject.start(folder);
    const { segment } = store.end();
    const places = [
      { segment, id: 1 },
      { segment, id: 200_000 },
      { segment: "home-20200101T000000.000000Z.db", id: 100_002 },
      { segment: "data.db", id: 100_002 },
    ];
    for (const place of places) {
      const after = encodePositions(new Map([["home", place]]));
      await using client = await LiveClient.open(subject.address, { series: POWER, after });
      await eventually(() => client.of("reset").length === 1);
      expect(client.lastId).toBe(endOf(store));
      store.append([power(2)]);
      await eventually(() => client.values().length > 0);
      expect(client.values()).toEqual([2]);
    }
  });

  test("are those of series whose names the stream need not have yet", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = await LiveSubject.start(folder);
    await expect(LiveClient.open(subject.address, { series: "meter#power" })).rejects.toThrow(
      "there is no such series",
    );
    await using client = await LiveClient.open(subject.address, {
      series: "home:new#power",
      after: encodePositions(new Map()),
    });
    store.append([power(1, "new")]);
    await eventually(() => client.values().length === 1);
  });
});
