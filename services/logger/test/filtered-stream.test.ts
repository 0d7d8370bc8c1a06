import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { ReceivedMessage } from "@weir/mqtt";
import { connectTestClient, openTestStore, START_US, temporaryFolder } from "@weir/testkit";
import type { CodeFilter } from "../src/code-filter.ts";
import type { Stream } from "../src/stream.ts";
import { rowsIn, startReady, streamOver, testConfigWith } from "./fixture.ts";

const OBSERVED_SECONDS = START_US / 1_000_000 - 5;
const FROM_OUTBOX = { publisher: "p", epoch: "e" };

/** Takes messages of an outbox with these numbers, and commits them. */
function commit(stream: Stream, sequence: readonly number[]): ReadonlyMap<string, number> {
  for (const seq of sequence)
    stream.take(
      messageOf({ number: seq, epochtime: OBSERVED_SECONDS, ...FROM_OUTBOX, seq }),
      "logger at broker",
    );
  return stream.commit(START_US);
}

function messageOf(content: object): ReceivedMessage {
  const payload = Buffer.from(JSON.stringify(content));
  return { topic: "DATA", payload, qos: 1, retained: false, subscriptions: [] };
}

describe("messages of an outbox", () => {
  test("that the code filter drops are receipted like those that are stored", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    let asked = 0;
    const everySecond: CodeFilter = () => (asked++ % 2 === 0 ? "keep" : "drop");
    const stream = streamOver(store, { filter: everySecond });
    expect([...commit(stream, [1, 2, 3, 4])]).toEqual([["p", 4]]);
    expect(store.size().rows).toBe(2);
    expect(store.receiptOf("p")).toEqual([{ epoch: "e", topic: "DATA", through: 4, ranges: [] }]);
    expect(stream.counts.filed).toMatchObject({ new: 2, filtered: 2 });
  });

  test("that the code filter changes keep their place, and are not stored twice", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const stream = streamOver(store, {
      filter: () => Buffer.from("{}"),
    });
    commit(stream, [1, 2]);
    commit(stream, [2, 3]);
    expect(store.size().rows).toBe(3);
    expect(store.receiptOf("p")).toMatchObject([{ through: 3 }]);
    expect(stream.counts.filed).toMatchObject({ new: 3, duplicate: 1 });
  });

  test("that the code filter fails on are stored with their value, and receipted", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const stream = streamOver(store, { filter: () => "failed" });
    commit(stream, [1]);
    expect(store.size().rows).toBe(1);
    expect(store.receiptOf("p")).toMatchObject([{ through: 1 }]);
    expect(Object.fromEntries(stream.counts.outcomes)).toEqual({ 5: 1 });
    expect(stream.counts.lagUs).toBe(START_US - OBSERVED_SECONDS * 1_000_000);
  });
});

/** Confluent's framing around the map `{"number": …}`: a block of one key and its double, and an empty one. */
function avroPayload(schemaId: number, number: number): Buffer {
  const head = Buffer.from([0, 0, 0, 0, schemaId, 0x02, 0x0c]);
  const value = Buffer.alloc(8);
  value.writeDoubleLE(number);
  return Buffer.concat([head, Buffer.from("number"), value, Buffer.from([0])]);
}

test("a stream continues when the folder of its Avro schemas vanishes", async () => {
  using folder = temporaryFolder();
  using schemas = temporaryFolder();
  await using broker = await startBroker();
  writeFileSync(schemas.file("1.avsc"), '{"type":"map","values":"double"}');
  const decoder = { avro: { schemas: schemas.path, framing: "confluent" } };
  const config = testConfigWith(
    { streams: { barn: { filters: ["barn"], decoder, folder: "barn", rotation: "1d" } } },
    { folder, port: broker.port },
  );
  await using logger = await startReady(config);
  await using publisher = await connectTestClient(broker.port);
  await publisher.publish("barn", avroPayload(1, 1.5), { qos: 1 });
  await rowsIn(folder.file("barn"), 1);
  rmSync(schemas.path, { recursive: true });
  await publisher.publish("barn", avroPayload(1, 2.5), { qos: 1 });
  await publisher.publish("barn", avroPayload(2, 3.5), { qos: 1 });

  const rows = await rowsIn(folder.file("barn"), 3);
  expect(rows.map(({ value }) => value)).toEqual([1.5, 2.5, null]);
  expect(rows[2]?.reason).toBe("Avro schema unknown");
  expect(logger.context.faults).toEqual([]);
});
