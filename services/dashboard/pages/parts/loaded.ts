import { useEffect, useRef, useState } from "preact/hooks";
import { RequestError } from "../api.ts";

/** Something that comes from the server, in each of its states. */
export interface Loaded<T> {
  /** What came last; it stays while newer data is on its way, and when that fails. */
  value: T | null;
  problem: RequestError | null;
  isLoading: boolean;
  reload: () => void;
}

interface Options {
  /** Asks again after so many milliseconds, while the page can be seen. */
  everyMs?: number;
  /** Asks again after a failure; default 5 s. */
  retryMs?: number;
}

const RETRY_MS = 5_000;
const KEPT_MAX = 50;

/** The last answers: a page that is opened once more shows them at once, and newer ones when they come. */
const kept = new Map<string, unknown>();

/** Forgets all answers, as after signing out. */
export function forgetLoaded(): void {
  kept.clear();
}

/** Loads what `key` names, whenever the key changes; `null` loads nothing. */
export function useLoaded<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  { everyMs, retryMs = RETRY_MS }: Options = {},
): Loaded<T> {
  const [state, setState] = useState<{
    key: string | null;
    value: T | null;
    problem: RequestError | null;
    isLoading: boolean;
  }>(() => begin<T>(key));
  const [asked, setAsked] = useState(0);
  const newest = useRef(load);
  newest.current = load;

  // `asked` is a reason to load, too.
  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setState((was) => (was.key === key ? { ...was, isLoading: true } : begin<T>(key)));
    const again = (ms: number): void => {
      timer = setTimeout(() => {
        // A hidden page waits until it is looked at.
        if (document.hidden) again(1_000);
        else setAsked((count) => count + 1);
      }, ms);
    };
    newest.current(abort.signal).then(
      (value) => {
        if (abort.signal.aborted) return;
        keep(key, value);
        setState({ key, value, problem: null, isLoading: false });
        if (everyMs !== undefined) again(everyMs);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const problem =
          error instanceof RequestError
            ? error
            : new RequestError(0, [
                {
                  field: "request",
                  value: null,
                  problem: String(error),
                  remedy: "Load the page again.",
                },
              ]);
        setState((was) => ({ ...was, key, problem, isLoading: false }));
        // What is refused or not there stays so.
        if (problem.status === 0 || problem.status >= 500) again(retryMs);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, asked, everyMs, retryMs]);

  // In the render in which the key has changed, the state is still that of the old key.
  const shown = state.key === key ? state : begin<T>(key);
  return {
    value: shown.value,
    problem: shown.problem,
    isLoading: shown.isLoading,
    reload: () => setAsked((count) => count + 1),
  };
}

function begin<T>(key: string | null) {
  // Each key belongs to one kind of answer.
  const value = key === null ? null : ((kept.get(key) as T | undefined) ?? null);
  return { key, value, problem: null, isLoading: key !== null };
}

function keep(key: string, value: unknown): void {
  kept.delete(key);
  kept.set(key, value);
  const oldest = kept.keys().next().value;
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
}
