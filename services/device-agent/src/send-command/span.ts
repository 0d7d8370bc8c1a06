const UNIT_MS = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);
const SPAN_MS_MAX = 7 * 86_400_000;

/** What a length of time looks like, for `--help` and for errors. */
export const SPAN_FORMS = "a length of time up to a week: 500ms, 30s, 5m, 2h";

/** A length of time in milliseconds; `null` for what is none. */
export function parseSpanMs(text: string): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const spanMs = Number(digits) * (UNIT_MS.get(unit) ?? 0);
  return spanMs > 0 && spanMs <= SPAN_MS_MAX ? spanMs : null;
}
