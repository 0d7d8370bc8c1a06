import { useEffect, useRef, useState } from "preact/hooks";
import type { Deletion, DeletionRequest } from "../../src/contract/deletions.ts";
import { RequestError, session } from "../api.ts";
import { useLoaded } from "../parts/loaded.ts";
import { deviceApi } from "./device-api.ts";

const EVERY_MS = 30_000;
const WORKING_EVERY_MS = 1_000;
/** They are under way. */
const WORKING: ReadonlySet<Deletion["state"]> = new Set(["hiding", "undoing"]);

/** All deletions, for operators, and how to make and to undo them. */
export interface Deletions {
  /** The newest first; `null` until they are known, and for viewers. */
  all: readonly Deletion[] | null;
  problem: RequestError | null;
  /** The ids of those that were made on this page. */
  made: readonly string[];
  /** @throws RequestError */
  make: (requests: readonly DeletionRequest[]) => Promise<void>;
  undo: (ids: readonly string[]) => Promise<void>;
}

/** @param onSettled something was hidden or brought back: numbers and charts have to be asked for again. */
export function useDeletions(onSettled: () => void): Deletions {
  const [isWorking, setIsWorking] = useState(false);
  const [made, setMade] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<RequestError | null>(null);
  const isOperator = session.value?.user?.role === "operator";
  const loaded = useLoaded(
    isOperator ? "deletions" : null,
    (signal) => deviceApi.deletions(signal),
    {
      everyMs: isWorking ? WORKING_EVERY_MS : EVERY_MS,
    },
  );
  const all = loaded.value?.deletions ?? null;
  const states = useRef<ReadonlyMap<string, Deletion["state"]> | null>(null);
  useEffect(() => {
    if (all === null) return;
    const before = states.current;
    states.current = new Map(all.map(({ id, state }) => [id, state]));
    setIsWorking(all.some(({ state }) => WORKING.has(state)));
    const hasSettled = all.some(
      ({ id, state }) => before?.get(id) !== state && !WORKING.has(state),
    );
    if (before !== null && hasSettled) onSettled();
  }, [all]);
  return {
    all,
    problem: problem ?? loaded.problem,
    made,
    make: async (requests) => {
      for (const request of requests) {
        const { id } = await deviceApi.delete(request);
        setMade((known) => [...known, id]);
      }
      loaded.reload();
    },
    undo: async (ids) => {
      try {
        for (const id of ids) await deviceApi.undo(id);
        setProblem(null);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        setProblem(error);
      }
      loaded.reload();
    },
  };
}
