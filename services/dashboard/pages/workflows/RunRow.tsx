import type { RunSummary } from "@weir/flows/contract";
import { aboutWords } from "../parts/about-words.ts";
import { State } from "../parts/State.tsx";
import { Time } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import { runWords } from "./run-words.ts";

/** A run in a list. */
export function RunRow({ run }: { run: RunSummary }) {
  const { id, flow, trigger, startedMs, about, actions } = run;
  const { tone, words } = runWords(run);
  return (
    <a class="run-row" href={`/workflows/runs/${id}`}>
      <span class="when">
        <Time atMs={startedMs} seconds />
      </span>
      <span class="what">
        <strong>{flow}</strong>
        <span class="quiet">{trigger}</span>
      </span>
      <span class="about">{aboutWords(about).words}</span>
      <span class="actions">
        {actions === 1 ? "1 action" : `${format.value.count(actions)} actions`}
      </span>
      <State tone={tone} word={words} />
    </a>
  );
}
