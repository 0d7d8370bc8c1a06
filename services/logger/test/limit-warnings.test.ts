import { expect, test } from "@jest/globals";
import type { Logger } from "@weir/runtime";
import { createFakeClock } from "@weir/testkit";
import type { Stream } from "../src/stream.ts";
import { startLimitWarnings } from "../src/warnings.ts";

test("a limit that is reached is said once for each episode, and its end", () => {
  const clock = createFakeClock();
  const lines: [string, number][] = [];
  const say = (level: string) => (fields: { count: number }) => {
    lines.push([level, fields.count]);
  };
  // Of a logger the report uses these two, of a stream its name and its store's counts.
  const logger = { warn: say("warn"), info: say("info") } as unknown as Logger;
  const reached = { publishers: 0, epochs: 0, topics: 0 };
  const stream = { config: { name: "data" }, store: { reached } } as unknown as Stream;
  using _report = startLimitWarnings(() => [stream], { clock, logger });

  clock.advance(60_000);
  expect(lines).toEqual([]);
  for (let seconds = 0; seconds < 600; seconds += 30) {
    reached.topics += 5;
    clock.advance(30_000);
  }
  expect(lines).toEqual([["warn", 5]]);
  clock.advance(60_000);
  expect(lines).toEqual([
    ["warn", 5],
    ["info", 100],
  ]);
  reached.topics += 1;
  clock.advance(10_000);
  expect(lines.at(-1)).toEqual(["warn", 1]);
});
