import { expect, test } from "@jest/globals";
import { START_US, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { keptPoints, meterRow, openHome, startSubject } from "./history-subject.ts";

const STREAMS = {
  history: "home: { filters: [home/#] }",
  statistics: "home: { filters: [home/#], statistics: true, history: forever }",
  off: "home: { filters: [home/#], statistics: true, history: off }",
} as const;

const step = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    rows: fc.integer({ min: 1, max: 600 }),
    // The logger's clock may be behind that of stats.
    behindSeconds: fc.constantFrom(0, 0, 7_200),
  }),
  fc.record({ kind: fc.constant("rotate" as const) }),
  fc.record({ kind: fc.constant("run" as const), ms: fc.constantFrom(250, 1_000, 600_000) }),
  // The wall clock is set, for the logger and for stats.
  fc.record({
    kind: fc.constant("set clock" as const),
    seconds: fc.constantFrom(-7_200, -60, 7_200),
  }),
  fc.record({
    kind: fc.constant("reload" as const),
    as: fc.constantFrom("history", "statistics", "off"),
  }),
  fc.record({
    kind: fc.constant("kill" as const),
    as: fc.constantFrom("history", "statistics", "off"),
  }),
  fc.record({
    kind: fc.constant("stop" as const),
    as: fc.constantFrom("history", "statistics", "off"),
  }),
);

test("the history has each point once, however stats is killed, stopped, switched and set to another time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      using folder = temporaryFolder();
      await using opened = new AsyncDisposableStack();
      using store = openHome(folder);
      let subject = opened.use(startSubject(folder, STREAMS.history));
      let rows = 0;
      const secondNow = () => subject.clock.now() / 1_000 - START_US / 1_000_000;
      /** What was killed stands still: nobody moves its clock any more. */
      const restart = (as: keyof typeof STREAMS) => {
        subject = opened.use(startSubject(folder, STREAMS[as], subject.clock.now()));
      };
      const append = (count: number, second: number) => {
        const numbers = Array.from({ length: count }, (_, index) => rows + index);
        store.append(numbers.map((number) => meterRow(second, { number })));
        rows += count;
      };
      for (const one of steps) {
        if (one.kind === "append") append(one.rows, secondNow() - one.behindSeconds);
        else if (one.kind === "rotate") store.rotate(subject.clock.now() * 1_000);
        else if (one.kind === "set clock") subject.clock.jump(one.seconds * 1_000);
        else if (one.kind === "reload") await subject.reload(STREAMS[one.as]);
        else if (one.kind === "run") await subject.run(one.ms);
        else if (one.kind === "kill") restart(one.as);
        else {
          await subject[Symbol.asyncDispose]();
          restart(one.as);
        }
      }
      await subject.reload(STREAMS.history);
      append(1, secondNow());
      await subject.flushThrough("home", { id: rows });
      const kept = keptPoints(folder, ["home", "home/meter", "number"]);
      const numbers = kept.map(([, number]) => number).sort((one, other) => one - other);
      expect(numbers).toEqual(Array.from({ length: rows }, (_, index) => index));
    }),
    { numRuns: 25 },
  );
});
