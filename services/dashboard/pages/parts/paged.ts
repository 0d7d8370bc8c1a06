import { useEffect, useRef, useState } from "preact/hooks";
import { RequestError } from "../api.ts";
import type { VisibleRows } from "./visible-rows.ts";

const PAGE_ITEMS = 100;
/** On each side of the screen. */
const PAGES_KEPT = 10;
const RETRY_MS = 5_000;

interface PageOf<T> {
  total: number;
  items: T[];
}

interface Held<T> {
  key: string;
  total: number;
  pages: ReadonlyMap<number, readonly T[]>;
}

/** A long list of the server, of which only pages near the screen are asked for. */
export interface Paged<T> {
  /** `null`: the first answer has not come. */
  total: number | null;
  problem: RequestError | null;
  /** Whether what is shown is of another search, until this one's answer comes. */
  isOutdated: boolean;
  at: (index: number) => T | null;
  /** Says which rows are on the screen. */
  show: (rows: VisibleRows) => void;
  /** Replaces items that are loaded. */
  change: (replace: (item: T) => T) => void;
  reload: () => void;
}

/** @param everyMs asks again for what is on the screen after so many milliseconds */
export function usePaged<T>(
  key: string,
  load: (offset: number, limit: number, signal: AbortSignal) => Promise<PageOf<T>>,
  everyMs: number,
): Paged<T> {
  const [held, setHeld] = useState<Held<T> | null>(null);
  const [problem, setProblem] = useState<RequestError | null>(null);
  const [rows, setRows] = useState<VisibleRows>({ first: 0, end: 1 });
  const [round, setRound] = useState(0);
  const newest = useRef(load);
  newest.current = load;
  const from = Math.floor(rows.first / PAGE_ITEMS);
  const to = Math.floor(Math.max(rows.first, rows.end - 1) / PAGE_ITEMS);

  // `round` is a reason to load, too.
  useEffect(() => {
    const abort = new AbortController();
    const pages = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (ms: number): void => {
      timer = setTimeout(() => {
        if (document.hidden) again(1_000);
        else setRound((count) => count + 1);
      }, ms);
    };
    Promise.all(
      pages.map(async (page) => ({
        page,
        ...(await newest.current(page * PAGE_ITEMS, PAGE_ITEMS, abort.signal)),
      })),
    ).then(
      (answers) => {
        if (abort.signal.aborted) return;
        setProblem(null);
        setHeld((was) => {
          const kept = was?.key === key ? was.pages : new Map<number, readonly T[]>();
          const next = new Map([...kept].filter(([page]) => Math.abs(page - from) < PAGES_KEPT));
          for (const { page, items } of answers) next.set(page, items);
          return { key, total: answers[0]?.total ?? 0, pages: next };
        });
        again(everyMs);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setProblem(error);
        if (error.status === 0 || error.status >= 500) again(RETRY_MS);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, from, to, round, everyMs]);

  return {
    total: held?.total ?? null,
    problem,
    isOutdated: held !== null && held.key !== key,
    at: (index) => held?.pages.get(Math.floor(index / PAGE_ITEMS))?.[index % PAGE_ITEMS] ?? null,
    show: setRows,
    change: (replace) =>
      setHeld((was) =>
        was === null
          ? null
          : {
              ...was,
              pages: new Map([...was.pages].map(([page, items]) => [page, items.map(replace)])),
            },
      ),
    reload: () => setRound((count) => count + 1),
  };
}
