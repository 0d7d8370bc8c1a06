import { duration } from "@weir/runtime";
import { z } from "zod";
import { tooLongToWait } from "./grouping.ts";
import { defineNode } from "./node.ts";

/** Runs that wait at one node at most. */
const WAITING_MAX = 1_000;

const config = z.strictObject({
  for: duration({ min: "1s", max: "30d" }).describe("how long each one waits"),
});
const state = z.record(z.string(), z.unknown());

/** Each run waits, and then goes on with the data that it has brought. */
export const delay = defineNode<z.infer<typeof config>, z.infer<typeof state>>({
  type: "delay",
  group: "data",
  summary: "waits for a time, and goes on",
  config,
  state,
  inputs: () => ["in"],
  outputs: () => ["out"],
  create: (given) => ({
    take: (_input, data, step) => {
      const waiting = new Set(step.keys());
      const problem =
        waiting.size >= WAITING_MAX
          ? `${WAITING_MAX} runs wait here already: let fewer come, or wait for less time`
          : tooLongToWait(data);
      if (problem !== null) return step.fail(problem, data);
      // One run may come by several wires.
      let nth = 0;
      while (waiting.has(`${data.run} ${nth}`)) nth += 1;
      step.keep(`${data.run} ${nth}`, data, step.nowMs + given.for);
    },
    wake: (key, step) => {
      const data = step.state(key);
      step.forget(key);
      if (data !== undefined) step.emit("out", data);
    },
  }),
});
