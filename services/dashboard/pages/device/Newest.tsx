import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { RequestError } from "../api.ts";
import { useLive } from "../page-stream.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Wide } from "../parts/Wide.tsx";

const KEPT_MAX = 100;

interface Question<T> {
  name: "log" | "connection";
  id: string;
  isPaused: boolean;
  load: (signal: AbortSignal) => Promise<readonly T[]>;
}

interface NewestList<T> {
  entries: readonly T[] | null;
  problem: RequestError | null;
  reload: () => void;
}

/** A list of events of a device, the newest first, that goes on live; a pause is caught up by asking again. */
export function useNewest<T extends { atMs: number }>(question: Question<T>): NewestList<T> {
  const { name, id, isPaused, load } = question;
  const loaded = useLoaded(`${name} of ${id}`, load);
  const [live, setLive] = useState<readonly T[]>([]);
  useEffect(() => setLive([]), [loaded.value]);
  const take = (event: unknown): void => {
    // The server keeps the contract: events of this name have this form.
    if (!isPaused) setLive((known) => [event as T, ...known].slice(0, KEPT_MAX));
  };
  useLive({ device: id }, name === "log" ? { log: take } : { connection: take });
  const wasPaused = useRef(isPaused);
  useEffect(() => {
    if (wasPaused.current && !isPaused) loaded.reload();
    wasPaused.current = isPaused;
  }, [isPaused]);
  const entries = loaded.value && [...live, ...loaded.value].slice(0, KEPT_MAX);
  return { entries, problem: loaded.problem, reload: loaded.reload };
}

interface NewestProps<T> {
  label: string;
  list: NewestList<T>;
  /** What to say where there are none. */
  empty: string;
  head?: readonly string[];
  children: (entry: T) => ComponentChildren;
}

/** Such a list as a table. */
export function Newest<T extends { atMs: number }>({
  label,
  list,
  empty,
  head,
  children,
}: NewestProps<T>) {
  const { entries, problem, reload } = list;
  return (
    <>
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {entries === null && problem === null ? <Skeleton lines={4} /> : null}
      {entries?.length === 0 ? <p class="quiet">{empty}</p> : null}
      {entries === null || entries.length === 0 ? null : (
        <Wide label={label}>
          <table class="events">
            {head === undefined ? null : (
              <thead>
                <tr>
                  {head.map((title) => (
                    <th key={title} scope="col">
                      {title}
                    </th>
                  ))}
                </tr>
              </thead>
            )}
            <tbody>
              {entries.map((entry, place) => (
                // Two events may have one time.
                <tr key={`${entry.atMs} ${entries.length - place}`}>{children(entry)}</tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </>
  );
}
