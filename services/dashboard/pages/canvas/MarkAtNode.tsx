import { now } from "../clock.ts";
import { format } from "../preferences.ts";
import { isFailed, markWords } from "./mark-words.ts";
import type { Mark } from "./trace.ts";

/** What a run left at a node, in few words. */
export function MarkAtNode({ mark }: { mark: Mark }) {
  const last = mark.actions.at(-1);
  const words = markWords(mark, format.value, now.value);
  if (words === "" && mark.problem === null) return null;
  return (
    <div class="mark-at-node">
      {mark.problem === null ? (
        <p class={last !== undefined && isFailed(last) ? "problem" : ""}>{words}</p>
      ) : (
        <p class="problem">{mark.problem}</p>
      )}
    </div>
  );
}
