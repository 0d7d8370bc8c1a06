import { describe, expect, test } from "@jest/globals";
import { indexFileOf } from "@weir/series";
import type { RowPosition } from "@weir/store";
import {
  createTestContext,
  eventually,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { PointsFollower, type PointsListener } from "../../src/live/points-follower.ts";
import { numbers, openHome, power } from "./live-subject.ts";

/** A page that reads only while its test lets it. */
class HeldPage implements PointsListener {
  readonly wanted = new Map([["meter", new Map([["power", 0]])]]);
  readonly filters = ["meter"];
  readonly after: RowPosition | null | "now";
  readonly values: number[] = [];
  readonly resets: string[] = [];
  readonly #released = Promise.withResolvers<void>();
  isWaiting = false;

  constructor(after: RowPosition | null | "now") {
    this.after = after;
  }

  take(_index: number, text: string): void {
    this.values.push(Number(text.split(",")[1]));
  }

  settle(): void {}

  async keepUp(): Promise<void> {
    this.isWaiting = true;
    await this.#released.promise;
  }

  reset(reason: string): void {
    this.resets.push(reason);
  }

  release(): void {
    this.#released.resolve();
  }
}

function follow(folder: TemporaryFolder): PointsFollower {
  return new PointsFollower({
    ...createTestContext(),
    indexFile: indexFileOf(folder.file("weir.db")),
    skewUs: 60e6,
    stream: {
      name: "home",
      place: { kind: "folder", folder: folder.file("home") },
      decoder: { kind: "auto" },
      timeZone: null,
      series: "auto",
      statistics: false,
      historyMs: null,
    },
  });
}

const rows = (from: number, through: number) => numbers(from, through).map((one) => power(one));

describe("following a stream for pages", () => {
  test("a page that catches up slowly gets what is stored meanwhile, once", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    using follower = follow(folder);
    const [quick, slow] = [new HeldPage("now"), new HeldPage(null)];
    quick.release();
    store.append(rows(1, 10));
    follower.join(quick);
    await follower.look();
    follower.join(slow);
    await follower.look();
    await eventually(() => slow.isWaiting);
    store.append(rows(11, 20));
    await follower.look();
    expect(quick.values).toEqual(numbers(11, 20));
    expect(slow.values).toEqual(numbers(1, 10));
    slow.release();
    await eventually(() => slow.values.length >= 20);
    store.append(rows(21, 21));
    await follower.look();
    expect(slow.values).toEqual(numbers(1, 21));
    expect(quick.values).toEqual(numbers(11, 21));
  });

  test("a page that leaves while it catches up gets nothing more", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    using follower = follow(folder);
    const page = new HeldPage(null);
    store.append(rows(1, 3));
    const other = new HeldPage("now");
    other.release();
    follower.join(other);
    await follower.look();
    follower.join(page);
    await follower.look();
    await eventually(() => page.isWaiting);
    follower.leave(page);
    store.append(rows(4, 6));
    page.release();
    await follower.look();
    expect(page.values).toEqual([1, 2, 3]);
    expect(other.values).toEqual([4, 5, 6]);
    follower.leave(other);
    expect(follower.isWanted).toBe(false);
  });

  test("it goes on at the end where more is stored than it can follow", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    using follower = follow(folder);
    const page = new HeldPage("now");
    page.release();
    follower.join(page);
    await follower.look();
    store.append(rows(1, 100_300));
    await follower.look();
    expect(page.resets).toHaveLength(1);
    store.append(rows(100_301, 100_302));
    await follower.look();
    expect(page.values.slice(-2)).toEqual([100_301, 100_302]);
    expect(page.values.length).toBeLessThan(1_000);
  });
});
