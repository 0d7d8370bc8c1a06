import { type Statistics, WINDOWS, type WindowDetail } from "@weir/messages";
import type { WindowSummary } from "@weir/rolling";

type Position = Pick<Statistics, "at" | "throughId" | "lagRows">;

/** The payload of `STATS`, out of the summaries of the windows in their order. */
export function composeStatistics(
  summaries: readonly WindowSummary[],
  position: Position,
): Statistics {
  const [one, five, thirty] = WINDOWS.map((_, index) => summaries[index]);
  if (one === undefined || five === undefined || thirty === undefined) {
    throw new TypeError(`${WINDOWS.length} windows expected, not ${summaries.length}`);
  }
  return {
    avg_1min: one.average,
    avg_5min: five.average,
    avg_30min: thirty.average,
    ...position,
    windows: { "1min": detail(one), "5min": detail(five), "30min": detail(thirty) },
  };
}

function detail({ count, min, max, ageSeconds }: WindowSummary): WindowDetail {
  return { count, min, max, ageSeconds };
}
