import { ENCODED_MAX } from "./deltas.ts";

/** Numbers as `unscaled / 10 ** scale`, each of them exactly. */
export interface Decimals {
  scale: number;
  unscaled: Float64Array;
}

/** More digits behind the point are kept as doubles. */
const SCALE_MAX = 9;

/** Numbers with the fewest digits behind the point at which all are exact; `null` where there is no such number. */
export function decimalsOf(values: Float64Array): Decimals | null {
  const scale = scaleOf(values);
  if (scale === null) return null;
  const power = 10 ** scale;
  const unscaled = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const number = Math.round(value * power);
    // What is exact at a smaller scale may be too large at this one.
    if (!isExact(number, power, value)) return null;
    unscaled[index] = number;
  }
  return { scale, unscaled };
}

function scaleOf(values: Float64Array): number | null {
  let scale = 0;
  let power = 1;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    while (!isExact(Math.round(value * power), power, value)) {
      scale++;
      if (scale > SCALE_MAX) return null;
      power = 10 ** scale;
    }
  }
  return scale;
}

function isExact(number: number, power: number, value: number): boolean {
  return number / power === value && number <= ENCODED_MAX && number >= -ENCODED_MAX;
}
