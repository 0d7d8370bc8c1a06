import { useEffect, useRef } from "preact/hooks";
import type { Deletion } from "../../src/contract/deletions.ts";
import { now } from "../clock.ts";
import { Icon } from "../parts/Icon.tsx";
import { ErrorNote } from "../parts/Notes.tsx";
import { Time } from "../parts/Value.tsx";
import { Wide } from "../parts/Wide.tsx";
import { format } from "../preferences.ts";
import { deletionWords } from "./deletion-words.ts";
import type { Deletions } from "./use-deletions.ts";

/** What was deleted on this page just now, and how to take it back. */
export function DeletionNote({ deletions }: { deletions: Deletions }) {
  const { all, made, undo } = deletions;
  const own = all?.filter(({ id }) => made.includes(id)) ?? [];
  const note = useRef<HTMLParagraphElement>(null);
  // The dialog was opened from the end of the page.
  useEffect(() => note.current?.scrollIntoView({ block: "center" }), [own.length]);
  if (own.length === 0) return null;
  const undoable = own.filter(isUndoable);
  const rows = own.reduce((sum, { hiddenRows }) => sum + hiddenRows, 0);
  const isWorking = own.some(({ state }) => state === "hiding" || state === "undoing");
  const isUndone = own.every(({ state }) => state === "undone");
  const readings = rows === 1 ? "1 reading" : `${format.value.count(rows)} readings`;
  return (
    <p class="note deleted" role="status" ref={note}>
      <Icon name={isUndone ? "check" : "trash"} />
      <span>
        {isUndone
          ? "Undone: everything is back."
          : isWorking
            ? `Working: ${readings} so far.`
            : `Deleted ${readings}.`}
      </span>
      {undoable.length === 0 || isWorking ? null : (
        <button type="button" class="plain" onClick={() => void undo(undoable.map(({ id }) => id))}>
          Undo ({leftOf(undoable)})
        </button>
      )}
    </p>
  );
}

/** Earlier deletions, with what became of them. */
export function DeletionList({
  deletions,
  shown,
}: {
  deletions: Deletions;
  shown: readonly Deletion[];
}) {
  const { problem, undo } = deletions;
  return (
    <>
      {problem === null ? null : <ErrorNote problem={problem} />}
      <Wide label="Deletions">
        <table>
          <thead>
            <tr>
              <th scope="col">Asked</th>
              <th scope="col">What</th>
              <th scope="col">When it arrived</th>
              <th scope="col">State</th>
              <th scope="col">
                <span class="hidden">Undo</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((deletion) => (
              <tr key={deletion.id}>
                <td>
                  <Time atMs={deletion.askedMs} />
                </td>
                <td>
                  {deletion.filters.map((filter) => (
                    <code key={filter}>{filter} </code>
                  ))}
                  <span class="quiet">of {deletion.stream}</span>
                </td>
                <td>
                  {deletion.fromMs <= 0 ? (
                    "until "
                  ) : (
                    <>
                      <Time atMs={deletion.fromMs} /> –{" "}
                    </>
                  )}
                  <Time atMs={deletion.toMs} />
                </td>
                <td>{deletionWords(deletion, format.value)}</td>
                <td>
                  {isUndoable(deletion) ? (
                    <button type="button" class="plain" onClick={() => void undo([deletion.id])}>
                      Undo ({leftOf([deletion])})
                    </button>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}

function isUndoable({ state, undoUntilMs }: Deletion): boolean {
  return state === "hidden" && undoUntilMs !== null && undoUntilMs > now.value;
}

/** How long it can still be undone. */
function leftOf(deletions: readonly Deletion[]): string {
  const untilMs = Math.min(...deletions.map(({ undoUntilMs }) => undoUntilMs ?? 0));
  const hours = (untilMs - now.value) / 3_600_000;
  return hours >= 1
    ? `${Math.round(hours)} h`
    : format.value.duration(Math.max(0, untilMs - now.value));
}
