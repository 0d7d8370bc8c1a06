import { duration } from "@weir/runtime";
import { z } from "zod";
import { tooLongToWait } from "../node/grouping.ts";
import { defineNode } from "../node/node.ts";

/** Runs that wait at one node at most, and how often one run does: more often its wires lead in a circle without end. */
const WAITING_MAX = 1_000;
const TIMES_MAX = 100;

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
  create: (given, { name }) => {
    let came = 0;
    return {
      take: (_input, data, step) => {
        const problem =
          step.size >= WAITING_MAX
            ? `${WAITING_MAX} runs wait here already: let fewer come, or wait for less time`
            : (tooOftenHere(data[name]) ?? tooLongToWait(data));
        if (problem !== null) return step.fail(problem, data);
        // One run may come by several wires, and after a restart it counts from the beginning.
        do came += 1;
        while (step.state(`${data.run} ${came}`) !== undefined);
        step.keep(`${data.run} ${came}`, data, step.nowMs + given.for);
      },
      wake: (key, step) => {
        const data = step.state(key);
        step.forget(key);
        if (data !== undefined) step.emit("out", data, { times: timesOf(data[name]) + 1 });
      },
    };
  },
});

/** How often a run has waited here. @param own what this node has added to its data. */
function timesOf(own: unknown): number {
  const isOwn = typeof own === "object" && own !== null && "times" in own;
  return isOwn && typeof own.times === "number" ? own.times : 0;
}

function tooOftenHere(own: unknown): string | null {
  if (timesOf(own) < TIMES_MAX) return null;
  return `the run has waited here ${TIMES_MAX} times: its wires lead in a circle; let it end by a condition`;
}
