import type { RunQuery, RunSummary } from "@weir/flows/contract";
import { useLive } from "../page-stream.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { SearchField } from "../parts/SearchField.tsx";
import { goQuery, place } from "../router.ts";
import { Page } from "../shell/Page.tsx";
import { RunRow } from "./RunRow.tsx";
import { questionOf } from "./run-question.ts";
import "./workflows.css";
import { workflowsApi } from "./workflows-api.ts";

const EVERY_MS = 30_000;

/** What workflows did, the newest first. */
export function Runs() {
  const question = questionOf(place.value.query);
  const { value, problem, reload } = useLoaded(
    `runs ${JSON.stringify(question)}`,
    (signal) => workflowsApi.runs(question, signal),
    { everyMs: EVERY_MS },
  );
  useLive(
    {},
    {
      workflows: ({ flows }) => {
        if (question.flow === undefined || flows.includes(question.flow)) reload();
      },
    },
  );
  return (
    <Page title="Runs" aside={<a href="/workflows">Workflows</a>}>
      <Filters question={question} />
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {value === null ? (
        problem === null ? (
          <Skeleton lines={6} height="3.5rem" />
        ) : null
      ) : (
        <Found runs={value.runs} question={question} />
      )}
    </Page>
  );
}

function Found({ runs, question }: { runs: readonly RunSummary[]; question: Partial<RunQuery> }) {
  const { beforeId, limit } = question;
  const oldest = runs.length === limit ? runs.at(-1) : undefined;
  return (
    <>
      {runs.length === 0 ? <NoRuns question={question} /> : null}
      <ul class="runs" aria-label="Runs">
        {runs.map((run) => (
          <li key={run.id}>
            <RunRow run={run} />
          </li>
        ))}
      </ul>
      <p class="pages-line">
        {beforeId === undefined ? null : (
          <button type="button" class="link" onClick={() => goQuery({ before: null }, "push")}>
            Newest
          </button>
        )}
        {oldest === undefined ? null : (
          <button
            type="button"
            class="link"
            onClick={() => goQuery({ before: String(oldest.id) }, "push")}
          >
            Older
          </button>
        )}
      </p>
    </>
  );
}

function NoRuns({ question: { flow, about, state, beforeId } }: { question: Partial<RunQuery> }) {
  const isFiltered = [flow, about, state, beforeId].some((one) => one !== undefined);
  if (!isFiltered) {
    return (
      <p class="quiet">
        No workflow has done anything yet. <a href="/workflows">Workflows</a> shows which ones there
        are, and has an example.
      </p>
    );
  }
  return (
    <p class="quiet">
      No run is like this.{" "}
      <button
        type="button"
        class="link"
        onClick={() => goQuery({ flow: null, about: null, state: null, before: null })}
      >
        Show all runs
      </button>
    </p>
  );
}

function Filters({ question }: { question: Partial<RunQuery> }) {
  const { value } = useLoaded("workflows", workflowsApi.all);
  const { flow = "", about = "", state = "" } = question;
  const names = new Set(value?.flows.map(({ name }) => name));
  // Runs of a workflow that is gone are still there.
  if (flow !== "") names.add(flow);
  const set = (name: string, chosen: string): void =>
    goQuery({ [name]: chosen === "" ? null : chosen, before: null });
  return (
    <div class="list-head">
      <SearchField
        label="Search runs by device or series"
        placeholder="Device or series"
        value={about}
        onChange={(typed) => set("about", typed)}
      />
      <label class="inline-field">
        Workflow
        <select value={flow} onChange={({ currentTarget }) => set("flow", currentTarget.value)}>
          <option value="">all</option>
          {[...names].toSorted().map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="inline-field">
        State
        <select value={state} onChange={({ currentTarget }) => set("state", currentTarget.value)}>
          <option value="">all</option>
          <option>done</option>
          <option>waiting</option>
          <option>failed</option>
        </select>
      </label>
    </div>
  );
}
