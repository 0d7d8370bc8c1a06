import { useEffect, useRef, useState } from "preact/hooks";
import type { History } from "../../src/contract/series.ts";
import { api, RequestError } from "../api.ts";
import { now, serverNow } from "../clock.ts";
import { useLive } from "../page-stream.ts";
import { foldPoint, type LiveHistory, liveHistory, patch, slide } from "./fold.ts";
import { LateBuckets } from "./late-buckets.ts";
import { edgesOfRange, type Range } from "./range.ts";

/** The history of some series that live points are folded into. */
export interface Feed {
  history: History | null;
  /** Changes with the history, which changes in place. */
  version: number;
  problem: RequestError | null;
  isLoading: boolean;
  /** Points that came while the page paused. */
  waiting: number;
  reload: () => void;
}

interface Question {
  names: readonly string[];
  range: Range;
  buckets: number;
  timeZone: string;
  isPaused: boolean;
  /** Another number asks once more. */
  refresh: number;
}

interface Answer {
  key: string;
  live: LiveHistory;
}

const RETRY_MS = 5_000;
const LATE_WAIT_MS = 3_000;

/** Asks for a history, and keeps it as new as the stream is. */
export function useFeed({ names, range, buckets, timeZone, isPaused, refresh }: Question): Feed {
  const key = JSON.stringify([names, range, buckets, timeZone]);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [problem, setProblem] = useState<RequestError | null>(null);
  const [asked, setAsked] = useState(0);
  const [version, setVersion] = useState(0);
  const [waiting, setWaiting] = useState(0);
  const late = useRef(new LateBuckets());
  const isAsking = useRef(false);
  const reload = (): void => setAsked((count) => count + 1);
  const changed = (): void => setVersion((count) => count + 1);

  // The key stands for the question.
  useEffect(() => {
    if (names.length === 0 || buckets === 0) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    isAsking.current = true;
    const { fromMs } = edgesOfRange(range, serverNow());
    const span = { fromMs, ...(range.toMs === null ? {} : { toMs: range.toMs }) };
    api.history({ series: names, ...span, buckets, timeZone }, abort.signal).then(
      (history) => {
        isAsking.current = false;
        late.current.clear();
        setAnswer({ key, live: liveHistory(history, serverNow()) });
        setProblem(null);
        setWaiting(0);
        changed();
      },
      (error: unknown) => {
        if (abort.signal.aborted || !(error instanceof RequestError)) return;
        isAsking.current = false;
        setProblem(error);
        if (error.status === 0 || error.status >= 500) timer = setTimeout(reload, RETRY_MS);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, asked, refresh]);

  const live = answer?.live ?? null;
  const isCurrent = answer?.key === key;
  const followed = isCurrent && live !== null && range.toMs === null ? live : null;

  const slideTo = (nowMs: number): void => {
    if (followed === null || isPaused || isAsking.current) return;
    const before = followed.history.edgesMs[0];
    if (!slide(followed, nowMs)) reload();
    else if (followed.history.edgesMs[0] !== before) changed();
  };
  const newestSlide = useRef(slideTo);
  newestSlide.current = slideTo;
  useEffect(() => now.subscribe((nowMs) => newestSlide.current(nowMs)), []);

  useLive(
    followed === null
      ? null
      : {
          series: followed.history.series.map(({ series }) => series.series),
          after: followed.history.through,
        },
    {
      points: ({ points }) => {
        if (followed === null) return;
        if (isPaused) return setWaiting((count) => count + points.length);
        slideTo(serverNow());
        for (const [index, atMs, value] of points) {
          if (foldPoint(followed, index, atMs, value) === "late")
            late.current.add(followed.history.edgesMs, atMs);
        }
        changed();
      },
      reset: () => {
        if (!isPaused) reload();
      },
    },
  );

  // What came meanwhile is in the history.
  const wasPaused = useRef(isPaused);
  useEffect(() => {
    if (wasPaused.current && !isPaused) reload();
    wasPaused.current = isPaused;
  }, [isPaused]);

  useEffect(() => {
    if (followed === null) return;
    const abort = new AbortController();
    const timer = setInterval(() => {
      const part = late.current.take(followed.history.edgesMs);
      if (part === null) return;
      const question = {
        series: followed.history.series.map(({ series }) => series.series),
        timeZone,
      };
      api.history({ ...question, ...part }, abort.signal).then(
        (history) => {
          if (patch(followed, history)) changed();
          else reload();
        },
        // The next reload has it.
        () => undefined,
      );
    }, LATE_WAIT_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [followed, timeZone]);

  return {
    history: live?.history ?? null,
    version,
    problem,
    isLoading: !isCurrent && problem === null,
    waiting,
    reload,
  };
}
