import { Wide } from "../parts/Wide.tsx";
import { changesOnly, type DiffLine, lineDiff } from "./line-diff.ts";

/** The lines that go and come from one text to another. */
export function DiffView({ before, after }: { before: string; after: string }) {
  if (before === after) {
    return <p class="quiet">Only the places of boxes change; the workflows stay as they are.</p>;
  }
  const lines = changesOnly(lineDiff(before, after));
  return (
    <Wide label="Changes of the text">
      <pre class="diff">
        {lines.map((line, index) => (
          <Line key={index} line={line} />
        ))}
      </pre>
    </Wide>
  );
}

function Line({ line }: { line: DiffLine | null }) {
  if (line === null) return <span class="quiet">{"…\n"}</span>;
  const { kind, text } = line;
  if (kind === "removed") return <del>{`- ${text}\n`}</del>;
  if (kind === "added") return <ins>{`+ ${text}\n`}</ins>;
  return <span>{`  ${text}\n`}</span>;
}
