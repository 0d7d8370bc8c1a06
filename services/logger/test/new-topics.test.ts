import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { outcomeOf } from "@weir/protocol";
import { readRange, type StoredMessage } from "@weir/store";
import { connectTestClient, eventually, temporaryFolder } from "@weir/testkit";
import { startReady, testConfig } from "./fixture.ts";

/** Thirty thousand messages take a while on a small machine. */
const TIMEOUT_MS = 300_000;
const TOO_MANY = outcomeOf("too many new topics").code;

async function messagesIn(folder: string, filters: string[] = []): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  const place = { kind: "folder", folder } as const;
  for await (const page of readRange(place, { filters })) messages.push(...page.messages);
  return messages;
}

describe("topics that are all new", () => {
  test(
    "are stored whole, flagged beyond so many a second, and the others are as before",
    async () => {
      using folder = temporaryFolder();
      await using broker = await startBroker();
      const config = testConfig({ file: folder.file("weir.db"), port: broker.port });
      await using logger = await startReady(config);
      await using client = await connectTestClient(broker.port);
      const known = "devices/kitchen/state";
      await client.publish(known, "{}", { qos: 1 });
      const topics = Array.from(
        { length: 30_000 },
        (_, index) => `devices/stranger-${index}/state`,
      );
      for (let from = 0; from < topics.length; from += 2_000) {
        const some = topics.slice(from, from + 2_000);
        await Promise.all(some.map((topic) => client.publish(topic, `"${topic}"`, { qos: 1 })));
      }
      await client.publish(known, "{}", { qos: 1 });

      const devices = folder.file("devices");
      await eventually(async () => (await messagesIn(devices, [known])).length === 2);
      const stored = await messagesIn(devices);
      expect(stored.map(({ topic }) => topic)).toEqual([known, ...topics, known]);
      expect(
        stored.slice(1, -1).every(({ topic, payload }) => payload.toString() === `"${topic}"`),
      ).toBe(true);
      const flagged = stored.filter(({ outcome }) => outcome === TOO_MANY);
      const seconds = ((stored.at(-1)?.receivedUs ?? 0) - (stored[0]?.receivedUs ?? 0)) / 1e6;
      const listed = stored.length - flagged.length;
      expect(listed).toBeLessThanOrEqual(20_000 + 1_000 * seconds + 2);
      expect(flagged.map(({ topic }) => topic)).not.toContain(known);
      // A filter finds what is flagged as it finds the rest.
      const last = topics.at(-1) as string;
      expect((await messagesIn(devices, [last])).map(({ topic }) => topic)).toEqual([last]);
      expect(await logger.context.metrics.metrics()).toContain(
        `weir_logger_limit_reached_total{stream="devices",of="topics"} ${flagged.length}`,
      );
    },
    TIMEOUT_MS,
  );
});
