import type { RunQuery } from "@weir/flows/contract";

/** Runs on one page. */
const RUNS_SHOWN = 50;
const STATES = ["done", "waiting", "failed"] as const;

/** What the address asks for; what makes no sense is left out. */
export function questionOf(query: URLSearchParams): Partial<RunQuery> {
  const flow = query.get("flow");
  const about = query.get("about");
  const state = STATES.find((one) => one === query.get("state"));
  const beforeId = Number(query.get("before"));
  return {
    ...(flow ? { flow } : {}),
    ...(about ? { about } : {}),
    ...(state === undefined ? {} : { state }),
    ...(Number.isInteger(beforeId) && beforeId > 0 ? { beforeId } : {}),
    limit: RUNS_SHOWN,
  };
}
