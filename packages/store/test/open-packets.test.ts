import { describe, expect, test } from "@jest/globals";
import { openTestStore, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import {
  type Exchanges,
  type NewRow,
  openSegmentedStore,
  openStore,
  packetDigest,
  type Store,
} from "../src/index.ts";

const SESSION = "logger at broker";
const NOW_US = 1_795_207_143_000_000;

function row(text: string): NewRow {
  return {
    receivedUs: NOW_US,
    topic: "a",
    payload: Buffer.from(text),
    qos: 2,
    retained: false,
    outcome: 21,
    value: null,
    observedUs: null,
    sequence: null,
    isFiltered: false,
  };
}

function exchanges(
  opened: readonly (readonly [packetId: number, text: string])[],
  more: Partial<Exchanges> = {},
): Exchanges {
  return {
    session: SESSION,
    isNew: false,
    released: [],
    opened: opened.map(([packetId, text], index) => ({
      index,
      packetId,
      digest: packetDigest(row(text)),
    })),
    ...more,
  };
}

/** Appends messages of QoS 2; what the ledger says of each. */
function take(
  store: Store,
  messages: readonly (readonly [packetId: number, text: string])[],
  more: Partial<Exchanges> = {},
): readonly string[] {
  return store.append(
    messages.map(([, text]) => row(text)),
    exchanges(messages, more),
  ).filed;
}

describe("packet ids of QoS 2", () => {
  test("keep a message that comes again from being stored twice, in another process, too", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    {
      using store = openTestStore(file);
      expect(
        take(store, [
          [1, "a"],
          [2, "b"],
        ]),
      ).toEqual(["unsequenced", "unsequenced"]);
      expect(
        take(store, [
          [1, "a"],
          [3, "c"],
          [2, "b"],
        ]),
      ).toEqual(["duplicate", "unsequenced", "duplicate"]);
      expect(store.openPackets.hasAny(SESSION, [4])).toBe(false);
    }
    using store = openTestStore(file);
    expect(store.openPackets.hasAny(SESSION, [3])).toBe(true);
    expect(take(store, [[3, "c"]])).toEqual(["duplicate"]);
    expect(store.size().rows).toBe(3);
  });

  test("are free once they are released, also in the batch that brings the next message", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    take(store, [[1, "a"]]);
    expect(take(store, [[1, "a"]], { released: [1] })).toEqual(["unsequenced"]);
    store.append([], exchanges([], { released: [1] }));
    expect(store.openPackets.isEmpty()).toBe(true);
    expect(take(store, [[1, "a"]])).toEqual(["unsequenced"]);
  });

  test("stand for the message that had them: another one is stored", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    take(store, [[1, "a"]]);
    expect(take(store, [[1, "b"]])).toEqual(["unsequenced"]);
    expect(take(store, [[1, "b"]])).toEqual(["duplicate"]);
  });

  test("belong to a session: a new one, and that of another client, has none open", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    take(store, [[1, "a"]]);
    expect(take(store, [[1, "a"]], { isNew: true })).toEqual(["unsequenced"]);
    expect(take(store, [[1, "a"]], { session: "other" })).toEqual(["unsequenced"]);
    expect(store.openPackets.hasAny(SESSION, [1])).toBe(false);
  });

  test("are not noted when their rows cannot be written", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    take(store, [[1, "a"]]);
    using reader = new DisposableStack();
    const other = reader.adopt(new Sqlite(file), (opened) => opened.close());
    other.exec("CREATE TRIGGER full BEFORE INSERT ON rows BEGIN SELECT RAISE(ABORT, 'no'); END");
    expect(() => take(store, [[2, "b"]], { released: [1] })).toThrow();
    other.exec("DROP TRIGGER full");
    expect(store.openPackets.hasAny(SESSION, [1])).toBe(true);
    expect(take(store, [[2, "b"]])).toEqual(["unsequenced"]);
  });

  test("go on in the next segment, and where the live one had to be begun again", () => {
    using folder = temporaryFolder();
    const options = {
      folder: folder.path,
      stream: "s",
      synchronous: "NORMAL" as const,
      nowUs: NOW_US,
    };
    {
      using store = openSegmentedStore(options);
      store.rotate(NOW_US + 1_000_000);
      take(store, [[1, "a"]]);
      store.rotate(NOW_US + 2_000_000);
      expect(take(store, [[1, "a"]])).toEqual(["duplicate"]);
    }
    using store = openSegmentedStore(options);
    expect(take(store, [[1, "a"]])).toEqual(["duplicate"]);
  });

  test("leave no table in a store that never had any", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    {
      using store = openStore({
        file,
        stream: "s",
        synchronous: "NORMAL",
        nowUs: NOW_US,
        legacyTopic: "s",
        skewUs: 0,
      });
      store.append([row("a")]);
      expect(store.openPackets.isEmpty()).toBe(true);
    }
    using reader = new DisposableStack();
    const database = reader.adopt(new Sqlite(file), (opened) => opened.close());
    const select = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'open_packets'");
    expect(select.all()).toEqual([]);
  });
});
