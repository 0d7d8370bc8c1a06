import { useState } from "preact/hooks";
import type { infer as Of } from "zod";
import type { rejections as rejectionsShape } from "../../src/contract/system.ts";
import { api } from "../api.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { prettyPayload } from "../parts/pretty.ts";
import { State } from "../parts/State.tsx";
import { Time } from "../parts/Value.tsx";
import { format } from "../preferences.ts";

const EVERY_MS = 15_000;
const LIMIT = 50;

type Row = Of<typeof rejectionsShape>["rows"][number];

const TONES = { flagged: "attention", rejected: "problem", dropped: "problem" } as const;

/** What was stored with a doubt or could not be read, and what was not taken at all. */
export function Rejections() {
  const { value, problem, reload } = useLoaded(
    "rejections",
    (signal) => api.rejections({ limit: LIMIT }, signal),
    { everyMs: EVERY_MS },
  );
  const { count } = format.value;
  return (
    <section class="card system" id="rejections" aria-labelledby="rejections-title">
      <h2 id="rejections-title">Rejected and flagged</h2>
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {value === null && problem === null ? <Skeleton lines={3} /> : null}
      {value?.dropped ? (
        <p>The logger did not take {count(value.dropped)} packets since its start.</p>
      ) : null}
      {value?.unmatched ? (
        <p>{count(value.unmatched)} messages since its start were on topics of no stream.</p>
      ) : null}
      {value?.rows.length === 0 ? (
        <p class="quiet">
          Every message was read without a doubt. What cannot be read is stored all the same, and
          shown here with its reason.
        </p>
      ) : null}
      <ul class="payloads">
        {value?.rows.map((row, place) => (
          <li key={`${row.atMs} ${row.topic} ${value.rows.length - place}`}>
            <Rejection row={row} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Rejection({ row }: { row: Row }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        <Time atMs={row.atMs} seconds />
        <span class="payload-values">
          <State tone={TONES[row.kind]} word={row.kind} />
          <span>{row.reason}</span>
          <code class="quiet">{row.topic}</code>
        </span>
        <span class="quiet">{format.value.bytes(row.bytes)}</span>
      </summary>
      {isOpen ? (
        <div class="payload-body">
          <p class="quiet">Of stream {row.stream}.</p>
          {row.payload === null ? (
            <p class="quiet">The payload is not text.</p>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
            <section class="payload-text" tabIndex={0} aria-label="Payload">
              <pre>{prettyPayload(row.payload)}</pre>
            </section>
          )}
        </div>
      ) : null}
    </details>
  );
}
