import { useEffect, useState } from "preact/hooks";
import type { DeletionRequest, DeletionPreview as Preview } from "../../src/contract/deletions.ts";
import { RequestError } from "../api.ts";
import { deviceApi } from "./device-api.ts";

/** What several deletions together would hide. */
interface PreviewSum {
  rows: number;
  bytes: number;
  firstMs: number | null;
  lastMs: number | null;
  topics: readonly { topic: string; rows: number }[];
  otherTopicsRows: number;
  skipped: readonly string[];
  /** In the order of the requests. */
  rowsOfParts: readonly number[];
}

export interface PreviewState {
  value: PreviewSum | null;
  problem: RequestError | null;
  isLoading: boolean;
}

/** Somebody who types changes the question with each key. */
const WAIT_MS = 250;

/** Counts what the requests would hide, whenever they change. */
export function usePreview(requests: readonly DeletionRequest[]): PreviewState {
  const key = JSON.stringify(requests);
  const [state, setState] = useState<PreviewState & { key: string }>({
    key: "",
    value: null,
    problem: null,
    isLoading: true,
  });
  useEffect(() => {
    if (requests.length === 0) return;
    let isGone = false;
    const timer = setTimeout(() => {
      Promise.all(requests.map(deviceApi.preview)).then(
        (parts) => {
          if (!isGone) setState({ key, value: sumOf(parts), problem: null, isLoading: false });
        },
        (error: unknown) => {
          if (!(error instanceof RequestError)) throw error;
          if (!isGone) setState({ key, value: null, problem: error, isLoading: false });
        },
      );
    }, WAIT_MS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [key]);
  if (requests.length === 0) return { value: null, problem: null, isLoading: false };
  return state.key === key ? state : { value: state.value, problem: null, isLoading: true };
}

function sumOf(parts: readonly Preview[]): PreviewSum {
  const sum = (of: (part: Preview) => number): number =>
    parts.reduce((all, part) => all + of(part), 0);
  const times = (of: (part: Preview) => number | null): number[] =>
    parts.map(of).filter((ms) => ms !== null);
  const first = times(({ firstMs }) => firstMs);
  const last = times(({ lastMs }) => lastMs);
  return {
    rows: sum(({ rows }) => rows),
    bytes: sum(({ bytes }) => bytes),
    firstMs: first.length === 0 ? null : Math.min(...first),
    lastMs: last.length === 0 ? null : Math.max(...last),
    topics: parts.flatMap(({ topics }) => topics),
    otherTopicsRows: sum(({ otherTopicsRows }) => otherTopicsRows),
    skipped: parts.flatMap(({ skipped }) => skipped),
    rowsOfParts: parts.map(({ rows }) => rows),
  };
}
