import { type Bounds, DURATION, DURATION_FORM, millisecondsOf } from "@weir/settings-file";
import type { Given } from "./arguments.ts";
import { optionFault } from "./option-fault.ts";

/**
 * A length of time, as in files of settings.
 *
 * @returns milliseconds; `null` without the option.
 * @throws Fault for what is none, or out of bounds.
 */
export function readDuration(given: Given, option: string, { min, max }: Bounds): number | null {
  const text = given.text(option);
  if (text === null) return null;
  if (!DURATION.test(text)) throw optionFault(option, text, DURATION_FORM);
  const ms = millisecondsOf(text);
  if (ms >= millisecondsOf(min) && ms <= millisecondsOf(max)) return ms;
  throw optionFault(option, text, `from ${min} to ${max}`);
}
