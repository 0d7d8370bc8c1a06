import type { Workflows as Answer, FlowState } from "@weir/flows/contract";
import { useState } from "preact/hooks";
import { session } from "../api.ts";
import { useLive } from "../page-stream.ts";
import { Icon } from "../parts/Icon.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Page } from "../shell/Page.tsx";
import { FlowRow } from "./FlowRow.tsx";
import { NewWorkflow } from "./NewWorkflow.tsx";
import { NoWorkflows } from "./NoWorkflows.tsx";
import "./workflows.css";
import { fileAddress, workflowsApi } from "./workflows-api.ts";

const EVERY_MS = 30_000;

/** All workflows: how they are, what they did, and what can be pressed. */
export function Workflows() {
  const [isNew, setIsNew] = useState(false);
  const { value, problem, reload } = useLoaded("workflows", workflowsApi.all, {
    everyMs: EVERY_MS,
  });
  useLive({}, { workflows: reload, alerts: reload });
  const user = session.value?.user;
  const isViewer = user?.role === "viewer";
  const reason = isViewer
    ? `Only operators change and press workflows; ${user?.name} is a viewer.`
    : value?.isWritable === false
      ? `Files cannot be saved: the service may not write to ${value.folder}.`
      : null;
  return (
    <Page
      title="Workflows"
      aside={
        <div class="page-links">
          <a href="/workflows/runs">Runs</a>
          <a href="/workflows/nodes">Types of nodes</a>
          {value === null || reason !== null ? null : (
            <button type="button" class="main" onClick={() => setIsNew(true)}>
              <Icon name="plus" />
              New workflow
            </button>
          )}
        </div>
      }
    >
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {value === null && problem === null ? <Skeleton lines={4} height="5rem" /> : null}
      {reason === null || value === null ? null : (
        <p class="quiet" id="workflows-reason">
          {reason}
        </p>
      )}
      {value?.files.length === 0 ? <NoWorkflows folder={value.folder} /> : null}
      {value?.files.map(({ file, problems, notes }) => (
        <FileSection
          key={file}
          file={file}
          problems={problems}
          notes={notes}
          flows={value.flows.filter((flow) => flow.file === file)}
          can={{ press: !isViewer, save: reason === null }}
          reload={reload}
        />
      ))}
      {isNew && value !== null ? (
        <NewWorkflow existing={value} onClose={() => setIsNew(false)} />
      ) : null}
    </Page>
  );
}

interface FileSectionProps extends Pick<Answer["files"][number], "file" | "problems" | "notes"> {
  flows: readonly FlowState[];
  can: { press: boolean; save: boolean };
  reload: () => void;
}

function FileSection({ file, problems, notes, flows, can, reload }: FileSectionProps) {
  const id = `file-${file}`;
  return (
    <section class="workflow-file" aria-labelledby={id}>
      <header class="section-head">
        <h2 id={id}>
          <a href={fileAddress(file)}>{`${file}.yaml`}</a>
        </h2>
      </header>
      {problems.length === 0 ? null : (
        <div class="note problem">
          <Icon name="problem" />
          <div>
            <p>
              <strong>
                {problems.length === 1 ? "A problem" : `${problems.length} problems`}.
              </strong>{" "}
              Workflows without one run; what was valid before goes on as it was.
            </p>
            <ul class="problems">
              {problems.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </div>
        </div>
      )}
      {flows.length === 0 && problems.length === 0 ? (
        <p class="quiet">There is no workflow in this file yet.</p>
      ) : null}
      <ul class="flows">
        {flows.map((flow) => (
          <li key={flow.name}>
            <FlowRow
              flow={flow}
              notes={notes.filter((note) => note.flow === flow.name)}
              can={can}
              reload={reload}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}
