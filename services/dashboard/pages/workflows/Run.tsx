import type { RunAction, Run as RunAnswer } from "@weir/flows/contract";
import { useLive } from "../page-stream.ts";
import { About } from "../parts/About.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { prettyPayload } from "../parts/pretty.ts";
import { State } from "../parts/State.tsx";
import { Time } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import { Page } from "../shell/Page.tsx";
import { RunPath } from "./RunPath.tsx";
import { actionWords, runWords } from "./run-words.ts";
import "./workflows.css";
import { fileAddress, runsAddress, workflowsApi } from "./workflows-api.ts";

/** Actions may go on for long. */
const EVERY_MS = 5_000;

/** What a run went through, and what became of its actions. */
export function Run({ id }: { id: number }) {
  const {
    value: run,
    problem,
    reload,
  } = useLoaded(`run ${id}`, (signal) => workflowsApi.run(id, signal), { everyMs: EVERY_MS });
  useLive(
    {},
    {
      workflows: ({ flows }) => {
        if (run !== null && flows.includes(run.flow)) reload();
      },
    },
  );
  return (
    <Page title={`Run ${id}`} aside={run === null ? null : <Links run={run} />}>
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {run === null && problem === null ? <Skeleton lines={6} height="3rem" /> : null}
      {run === null ? null : (
        <>
          <Head run={run} />
          <section aria-labelledby="path-title" class="run-part">
            <h2 id="path-title">Path</h2>
            <RunPath run={run} />
          </section>
          <Actions actions={run.performed} />
          <section aria-labelledby="data-title" class="run-part">
            <h2 id="data-title">Data that it began with</h2>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
            <section class="payload" tabIndex={0} aria-label="Data">
              <pre>{prettyPayload(JSON.stringify(run.data))}</pre>
            </section>
          </section>
        </>
      )}
    </Page>
  );
}

function Links({ run: { flow } }: { run: RunAnswer }) {
  const { value } = useLoaded("workflows", workflowsApi.all);
  const file = value?.flows.find(({ name }) => name === flow)?.file;
  return (
    <div class="page-links">
      <a href={runsAddress(flow)}>{`Runs of ${flow}`}</a>
      {file === undefined ? null : <a href={fileAddress(file, flow)}>Canvas</a>}
    </div>
  );
}

function Head({ run }: { run: RunAnswer }) {
  const { tone, words } = runWords(run);
  return (
    <p class="facts-line run-head">
      <State tone={tone} word={words} />
      <span>
        <strong>{run.flow}</strong> began with {run.trigger} <Time atMs={run.startedMs} seconds />
      </span>
      {run.about === "" ? null : (
        <span>
          about <About name={run.about} />
        </span>
      )}
    </p>
  );
}

function Actions({ actions }: { actions: readonly RunAction[] }) {
  return (
    <section aria-labelledby="actions-title" class="run-part">
      <h2 id="actions-title">Actions</h2>
      {actions.length === 0 ? <p class="quiet">It did nothing outside Weir.</p> : null}
      <ul class="run-actions">
        {actions.map((action) => (
          <li key={action.id}>
            <p>
              <strong>{action.node}</strong> <span class="quiet">{action.kind}</span> {action.what}
            </p>
            <ActionState action={action} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ActionState({ action }: { action: RunAction }) {
  const { tone, words } = actionWords(action, format.value);
  return (
    <p class="facts-line" aria-live="polite">
      <State tone={tone} word={words} />
      <span class="quiet">
        since <Time atMs={action.atMs} seconds />
      </span>
    </p>
  );
}
