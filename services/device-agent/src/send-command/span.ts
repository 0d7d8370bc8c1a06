import { DURATION, millisecondsOf } from "@weir/settings-file";

const SPAN_MS_MAX = 7 * 86_400_000;

/** What a length of time looks like, for `--help` and for errors. */
export const SPAN_FORMS = "a length of time up to a week: 500ms, 30s, 5m, 2h";

/** A length of time in milliseconds; `null` for what is none. */
export function parseSpanMs(text: string): number | null {
  const spanMs = DURATION.test(text) ? millisecondsOf(text) : 0;
  return spanMs > 0 && spanMs <= SPAN_MS_MAX ? spanMs : null;
}
