import type { FlowState, Run, Workflows } from "@weir/flows/contract";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLive } from "../page-stream.ts";
import { type Loaded, useLoaded } from "../parts/loaded.ts";
import { workflowsApi } from "../workflows/workflows-api.ts";
import { type Way, wayOf } from "./trace.ts";

/** Workflows of one file whose runs are shown. */
const FLOWS_MAX = 40;
/** Runs may begin many times a second; the pages look once. */
const LOOK_MS = 1_000;

/** A run that is shown on the canvas. */
export interface ShownRun {
  run: Run;
  way: Way;
}

export interface Ways {
  workflows: Loaded<Workflows>;
  states: ReadonlyMap<string, FlowState>;
  /** By workflow. */
  shown: ReadonlyMap<string, ShownRun>;
  /** Shows one of the runs of a workflow; `null`: always the newest. */
  choose: (flow: string, run: number | null) => void;
  chosen: ReadonlyMap<string, number>;
}

/** How the workflows of a file are, and the run of each that is shown: the newest, unless another is chosen. */
export function useWays(file: string): Ways {
  const workflows = useLoaded("workflows", workflowsApi.all);
  const [chosen, setChosen] = useState<ReadonlyMap<string, number>>(new Map());
  const [runs, setRuns] = useState<ReadonlyMap<number, ShownRun>>(new Map());
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const asked = useRef(new Set<number>());
  const own = workflows.value?.flows.filter((flow) => flow.file === file) ?? [];
  const names = own.map(({ name }) => name);

  useLive(
    {},
    {
      workflows: ({ flows }) => {
        if (timer.current !== null || !flows.some((flow) => names.includes(flow))) return;
        timer.current = setTimeout(() => {
          timer.current = null;
          workflows.reload();
        }, LOOK_MS);
      },
    },
  );
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );

  const wanted = own.slice(0, FLOWS_MAX).flatMap(({ name, lastRun }) => {
    const id = chosen.get(name) ?? lastRun?.id;
    return id === undefined ? [] : [{ name, id }];
  });
  const key = JSON.stringify(wanted.map(({ id }) => id));
  // An action may still be under way: each look asks for such runs again.
  useEffect(() => {
    for (const { id } of wanted) {
      const isOver = runs.has(id) && runs.get(id)?.run.state !== "waiting";
      if (isOver || asked.current.has(id)) continue;
      asked.current.add(id);
      workflowsApi
        .run(id, new AbortController().signal)
        .then(
          (run) => setRuns((known) => withRun(known, run)),
          // The next look asks for it again.
          () => undefined,
        )
        .finally(() => asked.current.delete(id));
    }
  }, [key, workflows.value]);

  return {
    workflows,
    states: new Map(own.map((flow) => [flow.name, flow])),
    shown: new Map(
      wanted.flatMap(({ name, id }) => {
        const shown = runs.get(id);
        return shown === undefined ? [] : [[name, shown] as const];
      }),
    ),
    chosen,
    choose: (flow, run) =>
      setChosen((known) => {
        const next = new Map(known);
        if (run === null) next.delete(flow);
        else next.set(flow, run);
        return next;
      }),
  };
}

const RUNS_KEPT_MAX = 200;

function withRun(known: ReadonlyMap<number, ShownRun>, run: Run): ReadonlyMap<number, ShownRun> {
  const next = new Map(known);
  next.delete(run.id);
  next.set(run.id, { run, way: wayOf(run) });
  const [oldest] = next.keys();
  if (next.size > RUNS_KEPT_MAX && oldest !== undefined) next.delete(oldest);
  return next;
}
