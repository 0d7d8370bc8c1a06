import { z } from "zod";
import { Expression } from "../expressions/expression.ts";
import type { Data } from "./node.ts";

/** A key that holds an expression. */
export function expressionOf(what: string) {
  return z.string().min(1).max(1_000).describe(`${what}, as an expression in CEL`);
}

/** Finds the number that a node looks at. @throws Error for an expression that is not valid. */
export function numberOf(text: string): (data: Data) => number | { problem: string } {
  if (text === "value") {
    return ({ value }) =>
      typeof value === "number" ? value : { problem: "the data has no number as value" };
  }
  const expression = new Expression(text);
  return (data) => {
    const evaluated = expression.evaluate(data);
    if ("problem" in evaluated) return evaluated;
    const { value } = evaluated;
    return typeof value === "number" ? value : { problem: `${text} gives no number` };
  };
}

/** When what the data says was observed; not after now, so that a clock that is wrong stops nothing. */
export function observedMsOf({ timeMs }: Data, nowMs: number): number {
  return typeof timeMs === "number" ? Math.min(timeMs, nowMs) : nowMs;
}
