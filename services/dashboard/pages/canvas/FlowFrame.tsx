import type { NodeProps } from "@xyflow/react";
import { Dot } from "../parts/State.tsx";
import { Time } from "../parts/Value.tsx";
import { FRAME_HANDLE, type Frame } from "./canvas-parts.ts";

/** The frame of a workflow: its name, how it is, and which run is shown. */
export function FlowFrame({ data }: NodeProps<Frame>) {
  const { name, title, isEnabled, hasProblem, state, shown } = data;
  return (
    <div class="flow-frame">
      <div class={`flow-head ${FRAME_HANDLE}`}>
        {hasProblem ? <Dot tone="problem" /> : null}
        <strong>{name}</strong>
        {title === "" ? null : <span class="flow-title">{title}</span>}
        <span class="quiet">
          {isEnabled ? "" : "off"}
          {state?.state === "stopped" ? "stopped" : ""}
        </span>
        {shown === null ? null : (
          <span class={`flow-run ${shown.run.state === "failed" ? "problem" : "quiet"}`}>
            run of <Time atMs={shown.run.startedMs} seconds />
            {shown.run.about === "" ? "" : ` · ${shown.run.about}`}
            {shown.run.state === "done" ? "" : ` · ${shown.run.state}`}
          </span>
        )}
      </div>
    </div>
  );
}
