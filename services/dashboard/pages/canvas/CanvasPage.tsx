import type { WorkflowFile } from "@weir/flows/contract";
import { useEffect, useState } from "preact/hooks";
import { RequestError, session } from "../api.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Page } from "../shell/Page.tsx";
import { workflowsApi } from "../workflows/workflows-api.ts";
import { CanvasEditor } from "./CanvasEditor.tsx";
import { canvasApi } from "./canvas-api.ts";
import "./canvas.css";
import { useNarrow } from "./use-narrow.ts";

/** A workflow file: its canvas and its text. A file that is not there yet begins empty. */
export function CanvasPage({ file }: { file: string }) {
  const types = useLoaded("node types", workflowsApi.nodeTypes);
  const [answer, setAnswer] = useState<{ of: string; file: WorkflowFile | null } | null>(null);
  const [problem, setProblem] = useState<RequestError | null>(null);
  const [round, setRound] = useState(0);
  const isNarrow = useNarrow();
  const workflows = useLoaded("workflows", workflowsApi.all).value;

  // `round` is a reason to ask, too. What is edited is never replaced by itself.
  useEffect(() => {
    const abort = new AbortController();
    canvasApi.file(file, abort.signal).then(
      (found) => {
        setProblem(null);
        setAnswer({ of: file, file: found });
      },
      (error: unknown) => {
        if (error instanceof RequestError) setProblem(error);
      },
    );
    return () => abort.abort();
  }, [file, round]);

  const shown = problem ?? types.problem;
  const user = session.value?.user;
  const readOnly =
    user?.role === "viewer"
      ? `Only operators change workflows; ${user.name} is a viewer.`
      : workflows?.isWritable === false
        ? `Workflows cannot be saved: the service may not write to ${workflows.folder}.`
        : isNarrow
          ? "On a small screen workflows can be looked at. A wider one also changes them."
          : null;
  if (answer?.of === file && types.value !== null) {
    return (
      <CanvasEditor
        key={file}
        file={file}
        found={answer.file}
        types={types.value.types}
        readOnly={readOnly}
      />
    );
  }
  return (
    <Page title={file} aside={<a href="/workflows">Workflows</a>}>
      {shown === null ? (
        <Skeleton lines={6} height="3.5rem" />
      ) : (
        <ErrorNote
          problem={shown}
          retry={() => {
            types.reload();
            setRound((count) => count + 1);
          }}
        />
      )}
    </Page>
  );
}
