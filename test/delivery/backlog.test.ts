import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { missingBelow, openReader } from "@weir/store";
import { eventually, temporaryFolder } from "@weir/testkit";
import { startLoggerAt, startPublisherAt, storedValues } from "../chain.ts";

const COUNT = 110_000;
const BATCH = 1_000;
/** Each of them is written by the outbox, sent and stored. */
const TIMEOUT_MS = 300_000;

test(
  "more than 100,000 messages of a logger's absence are stored once each when it is back",
  async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using publisher = startPublisherAt(broker.port, folder.file("outbox.db"));
    const epochtime = String(Math.floor(Date.now() / 1_000));
    for (let start = 0; start < COUNT; start += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, index) =>
        publisher.outbox.accept("DATA", { number: start + index, epochtime }),
      );
      await Promise.all(batch);
    }
    expect(publisher.outbox.size().rows).toBe(COUNT);

    const file = folder.file("weir.db");
    await using _logger = await startLoggerAt(broker.port, folder);
    await eventually(() => publisher.outbox.size().rows === 0, TIMEOUT_MS);
    const values = storedValues(folder);
    expect([values.length, new Set(values).size]).toEqual([COUNT, COUNT]);
    using reader = openReader(file);
    const ledger = reader?.ledger;
    const lines = ledger?.publishers().flatMap((name) => ledger.lines(name)) ?? [];
    const accounts = lines.map(({ account }) => account);
    expect(accounts.flatMap((account) => missingBelow(account, COUNT + 1))).toEqual([]);
  },
  TIMEOUT_MS,
);
