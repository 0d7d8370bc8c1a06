import type { ComponentChildren } from "preact";
import type { RequestError } from "../api.ts";
import { format } from "../preferences.ts";
import { Icon } from "./Icon.tsx";

/** Nothing is there yet: what would be, and how to make it so. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What failed, why, and what to do about it. */
export function ErrorNote({ problem, retry }: { problem: RequestError; retry?: () => void }) {
  return (
    <div class="note problem" role="alert">
      <Icon name="problem" />
      <div>
        {problem.problems.map(({ field, problem: what, remedy }) => (
          <p key={field + what}>
            <strong>{startUpper(what)}.</strong> {remedy}
          </p>
        ))}
      </div>
      {retry === undefined ? null : (
        <button type="button" class="plain" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What is shown is not of now: since when, and why. */
export function StaleNote({ asOfMs, why }: { asOfMs: number | null; why: string }) {
  return (
    <p class="note stale" role="status">
      <Icon name="attention" />
      <span>
        {asOfMs === null ? null : `As of ${format.value.clock(asOfMs)}: `}
        {why}
      </span>
    </p>
  );
}

/** A place for what is on its way, of the size that it will have. */
export function Skeleton({ lines = 3, height }: { lines?: number; height?: string }) {
  return (
    <div class="skeleton" aria-busy="true">
      <span class="hidden">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} style={height === undefined ? undefined : { blockSize: height }} />
      ))}
    </div>
  );
}

function startUpper(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1).replace(/\.$/, "");
}
