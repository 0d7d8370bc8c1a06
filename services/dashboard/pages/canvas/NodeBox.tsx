import { Handle, type NodeProps, Position } from "@xyflow/react";
import { Icon } from "../parts/Icon.tsx";
import { Dot } from "../parts/State.tsx";
import { ERROR_LEFT, portTop } from "./boxes.ts";
import type { Box } from "./canvas-parts.ts";
import { MarkAtNode } from "./MarkAtNode.tsx";
import { isFailed } from "./mark-words.ts";
import { settingWords } from "./setting-words.ts";

/** A node with its inputs and outputs, its problems, and what the shown run left at it. */
export function NodeBox({ data }: NodeProps<Box>) {
  const { node, summary, problems, mark, press } = data;
  const outputs = node.outputs.filter((output) => output !== "error");
  const setting = settingWords(node);
  const isWrong = problems.some(({ isNote }) => !isNote);
  const hasFailed = mark !== null && (mark.problem !== null || mark.actions.some(isFailed));
  const look = hasFailed ? "failed" : mark !== null ? "lit" : "";
  return (
    <div class={`box ${look} ${isWrong ? "wrong" : ""}`} title={summary}>
      <header>
        <strong>{node.name}</strong>
        <span class="quiet">{node.type}</span>
        {problems.length > 0 ? (
          <span class="box-problem" title={problems.map(({ words }) => words).join("\n")}>
            <Dot tone={isWrong ? "problem" : "attention"} />
            <span class="hidden">{isWrong ? "has a problem" : "has a note"}</span>
          </span>
        ) : null}
        {setting === "" || press !== null ? null : (
          <span class="box-setting">{breakable(setting)}</span>
        )}
      </header>
      {node.inputs.map((input, index) => (
        <Handle
          key={`in ${input}`}
          type="target"
          id={input}
          position={Position.Left}
          style={{ top: portTop(index) }}
        >
          <span class="port at-left">{input}</span>
        </Handle>
      ))}
      {outputs.map((output, index) => (
        <Handle
          key={`out ${output}`}
          type="source"
          id={output}
          position={Position.Right}
          style={{ top: portTop(index) }}
        >
          <span class="port at-right">{output}</span>
        </Handle>
      ))}
      <Handle
        type="source"
        id="error"
        class="error"
        position={Position.Bottom}
        style={{ left: ERROR_LEFT }}
      >
        <span class="port at-bottom">error</span>
      </Handle>
      {press === null ? null : (
        <button type="button" class="plain press nodrag nopan" onClick={press}>
          <Icon name="play" />
          {typeof node.config.label === "string" ? node.config.label : "Press"}
        </button>
      )}
      {mark === null ? null : <MarkAtNode mark={mark} />}
    </div>
  );
}

/** Long topics may be broken where they have a level. */
function breakable(words: string): string {
  return words.replace(/[/#]/g, "$&\u200b");
}
