import { format } from "../preferences.ts";
import { type Mark, valueWords } from "./trace.ts";

export function isFailed({ state }: Mark["actions"][number]): boolean {
  return state === "failed" || state === "uncertain" || state === "expired";
}

/** What a run left at a node, in few words. */
export function MarkAtNode({ mark: { values, problem, actions } }: { mark: Mark }) {
  const words = valueWords(values, format.value);
  const last = actions.at(-1);
  if (words === "" && problem === null && last === undefined) return null;
  return (
    <div class="mark-at-node">
      {words === "" ? null : <p title={JSON.stringify(values, null, 2)}>{words}</p>}
      {last === undefined ? null : (
        <p class={isFailed(last) ? "problem" : ""}>
          {last.state}: {last.what}
        </p>
      )}
      {problem === null ? null : <p class="problem">{problem}</p>}
    </div>
  );
}
