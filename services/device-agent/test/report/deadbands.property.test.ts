import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Deadband } from "../../src/report/deadband.ts";
import { createBench, createTestSource, INTERVAL_MS } from "./fixture.ts";

const deadbands: fc.Arbitrary<Deadband | null> = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant("absolute"), width: fc.double({ min: 0, max: 5, noNaN: true }) }),
  fc.record({ kind: fc.constant("relative"), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
);
const walks = fc
  .array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 60 })
  .map((steps) => {
    let value = 0;
    return steps.map((step) => {
      value += step;
      return value;
    });
  });

/** The deadband's half width around a value. */
function widthAt(deadband: Deadband | null, value: number): number {
  if (deadband === null) return -1;
  return deadband.kind === "absolute" ? deadband.width : deadband.share * Math.abs(value);
}

test("what is kept back lies within the deadband of the last report, is counted, and not for long", async () => {
  await fc.assert(
    fc.asyncProperty(
      walks,
      deadbands,
      fc.integer({ min: 1, max: 100_000 }),
      async (walk, deadband, maxSilenceMs) => {
        const source = createTestSource("walk", { rule: { deadband, maxSilenceMs } });
        await using bench = createBench([source]);
        source.says(walk[0] ?? 0);
        await bench.start();
        let held = walk[0] ?? 0;
        let keptBack = 0;
        let silenceMs = 0;
        for (const value of walk.slice(1)) {
          const before = bench.sent.length;
          source.says(value);
          await bench.pass(INTERVAL_MS);
          silenceMs += INTERVAL_MS;
          const report = bench.sent[before]?.state;
          if (report === undefined) {
            keptBack += 1;
            expect(Math.abs(value - held)).toBeLessThanOrEqual(widthAt(deadband, held));
            expect(silenceMs).toBeLessThan(maxSilenceMs);
          } else {
            expect(silenceMs).toBeLessThanOrEqual(maxSilenceMs + INTERVAL_MS);
            expect(report.suppressed?.walk ?? 0).toBe(keptBack);
            [held, keptBack, silenceMs] = [value, 0, 0];
          }
        }
        const suppressed = bench.sent.reduce(
          (sum, one) => sum + (one.state.suppressed?.walk ?? 0),
          0,
        );
        expect(bench.sent.length + suppressed + keptBack).toBe(walk.length);
      },
    ),
    { numRuns: 100 },
  );
});
