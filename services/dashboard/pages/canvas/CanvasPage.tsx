import type { WorkflowFile } from "@weir/flows/contract";
import { useEffect, useState } from "preact/hooks";
import { RequestError } from "../api.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Page } from "../shell/Page.tsx";
import { workflowsApi } from "../workflows/workflows-api.ts";
import { CanvasEditor } from "./CanvasEditor.tsx";
import { canvasApi } from "./canvas-api.ts";
import "./canvas.css";

/** A workflow file: its canvas and its text. A file that is not there yet begins empty. */
export function CanvasPage({ file }: { file: string }) {
  const types = useLoaded("node types", workflowsApi.nodeTypes);
  const [answer, setAnswer] = useState<{ of: string; file: WorkflowFile | null } | null>(null);
  const [problem, setProblem] = useState<RequestError | null>(null);
  const [round, setRound] = useState(0);

  const workflows = useLoaded("workflows", workflowsApi.all);
  // The answer of an earlier page may not know the file yet.
  const isThere = workflows.isLoading
    ? undefined
    : workflows.value?.files.some((one) => one.file === file);

  // `round` is a reason to ask, too. What is edited is never replaced by itself.
  useEffect(() => {
    if (isThere === undefined || answer?.of === file) return;
    if (!isThere) return setAnswer({ of: file, file: null });
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
  }, [file, isThere, round]);

  const shown = problem ?? types.problem ?? workflows.problem;
  if (answer?.of === file && types.value !== null) {
    return <CanvasEditor key={file} file={file} found={answer.file} types={types.value.types} />;
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
            workflows.reload();
            setRound((count) => count + 1);
          }}
        />
      )}
    </Page>
  );
}
