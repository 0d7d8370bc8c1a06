import { useLoaded } from "../parts/loaded.ts";
import { Time } from "../parts/Value.tsx";
import { runsAddress, workflowsApi } from "../workflows/workflows-api.ts";
import type { Ways } from "./use-ways.ts";

const RUNS_SHOWN = 6;

/** The newest runs of a workflow: which of them is shown on the canvas. */
export function RunChoice({ flow, ways }: { flow: string; ways: Ways }) {
  const newest = ways.states.get(flow)?.lastRun?.id ?? null;
  const loaded = useLoaded(newest === null ? null : `runs ${flow} ${newest}`, (signal) =>
    workflowsApi.runs({ flow, limit: RUNS_SHOWN }, signal),
  );
  const chosen = ways.chosen.get(flow) ?? null;
  if (newest === null) return <p class="quiet">It has not run yet.</p>;
  return (
    <fieldset class="runs-choice">
      <legend>Shown run</legend>
      <label>
        <input
          type="radio"
          name={`run of ${flow}`}
          checked={chosen === null}
          onChange={() => ways.choose(flow, null)}
        />
        always the newest
      </label>
      {loaded.value?.runs.map(({ id, startedMs, about, state }) => (
        <label key={id}>
          <input
            type="radio"
            name={`run of ${flow}`}
            checked={chosen === id}
            onChange={() => ways.choose(flow, id)}
          />
          <span>
            <Time atMs={startedMs} seconds />
            <span class={state === "failed" ? "problem" : "quiet"}>
              {about === "" ? "" : ` ${about}`} {state}
            </span>
          </span>
        </label>
      ))}
      <a href={runsAddress(flow)}>All runs</a>
    </fieldset>
  );
}
