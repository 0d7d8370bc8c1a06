import { describe, expect, test } from "@jest/globals";
import { eventually, hasDocker, startMosquitto, temporaryFolder } from "@weir/testkit";
import { startAgentAt, startLoggerAt, storedMessages } from "../chain.ts";

const STATE = "devices/kitchen/state";
const TIMEOUT_MS = 300_000;
const OUTAGES = 3;

const inDocker = hasDocker() ? describe : describe.skip;

inDocker("a device whose states are alarms", () => {
  test(
    "loses none and repeats none while the broker is killed again and again, and needs no restart",
    async () => {
      using folder = temporaryFolder();
      await using broker = await startMosquitto();
      await using _logger = await startLoggerAt(broker.port, folder);
      await using agent = await startAgentAt(broker.port, folder, {
        interval: "100ms",
        intervalMin: "100ms",
        delivery: { class: "alarm" },
        sources: { walk: { source: "random_walk" } },
      });
      const seqs = async (): Promise<number[]> =>
        (await storedMessages(folder, STATE)).map(
          ({ payload }) => JSON.parse(payload.toString()).seq,
        );
      const beyond = async (count: number): Promise<number> =>
        await eventually(async () => {
          const { length } = await seqs();
          return length > count ? length : null;
        }, 60_000);

      let stored = await beyond(0);
      for (let outage = 0; outage < OUTAGES; outage += 1) {
        await broker.restart();
        stored = await beyond(stored + 20);
      }
      const all = (await seqs()).sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: all.length }, (_, index) => index + 1));
      expect(agent.context.faults).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
