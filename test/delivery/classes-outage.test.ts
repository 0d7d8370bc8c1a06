import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { Outcome } from "@weir/delivery";
import { eventually, freePort, temporaryFolder } from "@weir/testkit";
import { attemptsMax, outageSchedule } from "../../tools/schedule.ts";
import { startLoggerAt, storedValues } from "../chain.ts";
import { startOutage } from "./outage.ts";

const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;
const HOUR_SECONDS = 3_600;
/** A day has 86,400 turns of the event loop here. */
const TIMEOUT_MS = 300_000;
// No broker listens there.
const NO_BROKER = 1;

/** The most attempts in any hour. */
function mostInAnHour(attemptsAtMs: readonly number[]): number {
  const inHourFrom = (fromMs: number) =>
    attemptsAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + HOUR_MS).length;
  return Math.max(...attemptsAtMs.map(inHourFrom));
}

function longestPauseMs(attemptsAtMs: readonly number[]): number {
  return Math.max(...attemptsAtMs.map((atMs, index) => atMs - (attemptsAtMs[index - 1] ?? 0)));
}

describe("a day without a broker", () => {
  test(
    "costs an alarm no more attempts than its budget has, and the alarm arrives after it",
    async () => {
      using folder = temporaryFolder();
      const port = await freePort();
      await using outage = await startOutage(port, {
        kinds: { window: { class: "alarm" } },
        outbox: {
          file: folder.file("outbox.db"),
          publisher: "kitchen",
          onFault: (fault) => {
            throw fault;
          },
        },
      });
      const { delivery, attemptsAtMs, pass } = outage;
      const epochtime = String(Math.floor(Date.now() / 1_000));
      const outcomes: Promise<Outcome>[] = [];
      await pass(DAY_MS, (second) => {
        if (second % (2 * HOUR_SECONDS) !== 0) return;
        outcomes.push(delivery.send("window", "DATA", { number: outcomes.length + 1, epochtime }));
      });
      expect(outcomes).toHaveLength(12);
      expect(attemptsAtMs.length).toBeLessThanOrEqual(attemptsMax(24));
      expect(mostInAnHour(attemptsAtMs)).toBeLessThanOrEqual(attemptsMax(1));
      // It never gave up looking.
      expect(longestPauseMs(attemptsAtMs)).toBeLessThanOrEqual(HOUR_MS + 1_000);

      await using _broker = await startBroker({ port });
      await using _logger = await startLoggerAt(port, folder);
      await pass(2 * HOUR_MS);
      expect(outage.isConnected()).toBe(true);
      const kinds = (await Promise.all(outcomes)).map(({ kind }) => kind);
      expect(kinds).toEqual(Array(12).fill("delivered"));
      const values = await eventually(() => storedValues(folder));
      expect(values).toEqual(outcomes.map((_, index) => index + 1));
    },
    TIMEOUT_MS,
  );

  test(
    "ends each press after 15 s, reports it, and stays within the budget",
    async () => {
      await using outage = await startOutage(NO_BROKER, { kinds: { button: { class: "event" } } });
      const { delivery, clock, attemptsAtMs, pass } = outage;
      const toldAfterMs: number[] = [];
      const outcomes = new Set<string>();
      await pass(DAY_MS, (second) => {
        if (second % HOUR_SECONDS !== 0) return;
        const pressedMs = clock.monotonic();
        void delivery.send("button", "home/button", {}).then(({ kind }) => {
          outcomes.add(kind);
          toldAfterMs.push(clock.monotonic() - pressedMs);
        });
      });
      expect(toldAfterMs).toEqual(Array(24).fill(15_000));
      expect([...outcomes]).toEqual(["expired"]);
      expect(attemptsAtMs.length).toBeLessThanOrEqual(attemptsMax(24));
      expect(mostInAnHour(attemptsAtMs)).toBeLessThanOrEqual(attemptsMax(1));
    },
    TIMEOUT_MS,
  );

  test(
    "costs telemetry no attempt: there are as many without it, at the same seconds",
    async () => {
      const kinds = { temperature: { class: "telemetry" } } as const;
      await using silent = await startOutage(NO_BROKER, { kinds });
      await silent.pass(DAY_MS);
      await using outage = await startOutage(NO_BROKER, { kinds });
      const { delivery, pass } = outage;
      const reasons: string[] = [];
      await pass(DAY_MS, (second) => {
        if (second % 60 !== 0) return;
        void delivery.send("temperature", "home/temperature", { second }).then((outcome) => {
          reasons.push(outcome.kind === "dropped" ? outcome.reason : outcome.kind);
        });
      });
      expect(outage.attemptsAtMs).toEqual(silent.attemptsAtMs);
      expect(reasons).toEqual(Array(24 * 60 - 1).fill("replaced by a newer one"));
    },
    TIMEOUT_MS,
  );
});

test(
  "the printed schedule stays within the budget, with any dice and any number of alarms",
  async () => {
    const alarms = Array.from({ length: 240 }, (_, index) => index / 10);
    for (const seed of [1, 2, 3]) {
      const attemptsAtMs = await outageSchedule({ hours: 24, seed, alarms, presses: [12] });
      expect(attemptsAtMs.length).toBeLessThanOrEqual(attemptsMax(24));
      expect(longestPauseMs(attemptsAtMs)).toBeLessThanOrEqual(HOUR_MS + 1_000);
    }
  },
  TIMEOUT_MS,
);
