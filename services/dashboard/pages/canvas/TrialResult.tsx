import type { FlowModel, Trial, TrialVersion } from "@weir/flows/contract";
import { useState } from "preact/hooks";
import { HistoryChart } from "../chart/HistoryChart.tsx";
import { LineMark } from "../chart/LineMark.tsx";
import type { Range } from "../chart/range.ts";
import { useLoaded } from "../parts/loaded.ts";
import { Skeleton } from "../parts/Notes.tsx";
import { Wide } from "../parts/Wide.tsx";
import { format } from "../preferences.ts";
import { patternsOf } from "./trial-patterns.ts";
import { rangeOfReadings, seriesOf } from "./trial-series.ts";
import { noteWords } from "./trial-span.ts";
import { countWords, resultWords } from "./trial-words.ts";

/** Lines of a list; the others are counted. */
const LISTED_MAX = 200;
const SHOWN_FIRST = 3;

/** What a workflow would have done: how often, when, and where that is on its series. */
export function TrialResult({ trial, flow }: { trial: Trial; flow: FlowModel }) {
  const { asked, saved, events, tookMs, notes } = trial;
  const { count, duration } = format.value;
  return (
    <section class="trial-result" aria-label="Result of the test">
      <p class="trial-sentence" role="status">
        {resultWords(trial)}
      </p>
      <p class="quiet">
        {count(events)} readings and messages in {duration(tookMs)}
        {Object.keys(asked.counts).length === 0 ? "" : `; ${countWords(asked)}`}
        {saved === null ? "" : `; saved: ${countWords(saved) || "nothing"}`}.
      </p>
      {asked.stopped === null ? null : <p class="problem">Stopped: {asked.stopped}</p>}
      {notes.map((note) => (
        <p class="quiet" key={note}>
          {noteWords(note, format.value)}
        </p>
      ))}
      <TrialChart trial={trial} flow={flow} />
      <FiredList title="When" version={asked} />
      {saved === null ? null : (
        <details>
          <summary>What is saved would have done</summary>
          <FiredList title="When, as saved" version={saved} />
        </details>
      )}
    </section>
  );
}

function TrialChart({ trial, flow }: { trial: Trial; flow: FlowModel }) {
  const patterns = patternsOf(flow);
  const found = useLoaded(
    patterns.length === 0 ? null : `trial ${trial.fromMs} ${flow.name} ${patterns.join(" ")}`,
    async (signal) => {
      const names = await seriesOf(patterns, trial.asked.fired, signal);
      if (names.length === 0) return null;
      return { names, range: await rangeOfReadings(trial, names, signal) };
    },
  );
  if (found.value === null) {
    return found.isLoading ? <Skeleton lines={1} height="20rem" /> : null;
  }
  return <FiredChart trial={trial} {...found.value} />;
}

interface FiredChartProps {
  trial: Trial;
  names: readonly string[];
  /** Where the readings are. */
  range: Range;
}

/** The series with the moments at which it would have fired. */
function FiredChart({ trial: { asked, saved }, names, range: first }: FiredChartProps) {
  const [range, setRange] = useState(first);
  const [hidden, setHidden] = useState<ReadonlySet<string> | null>(null);
  const isShown = (name: string): boolean =>
    hidden === null ? names.indexOf(name) < SHOWN_FIRST : !hidden.has(name);
  const toggle = (name: string): void => {
    const next = new Set(names.filter((one) => !isShown(one)));
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  return (
    <HistoryChart
      names={names.filter(isShown)}
      placeOf={(name) => names.indexOf(name)}
      range={range}
      onRange={setRange}
      marks={[
        ...asked.fired.map(({ atMs }) => ({ atMs, isWeak: false })),
        ...(saved?.fired ?? []).map(({ atMs }) => ({ atMs, isWeak: true })),
      ]}
    >
      <ul class="toggles" aria-label="Series on the chart">
        {names.map((name, place) => (
          <li key={name}>
            <button
              type="button"
              class="toggle"
              aria-pressed={isShown(name)}
              onClick={() => toggle(name)}
            >
              <LineMark place={place} />
              <span class="toggle-name">{name}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="quiet">
        Upright lines: when it would have fired.
        {saved === null ? "" : " Dashed: when what is saved would have."}
      </p>
    </HistoryChart>
  );
}

function FiredList({ title, version: { fired } }: { title: string; version: TrialVersion }) {
  const { full } = format.value;
  if (fired.length === 0) return null;
  return (
    <Wide label={title}>
      <table class="fired">
        <caption class="hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Node</th>
            <th scope="col">What</th>
            <th scope="col">About</th>
          </tr>
        </thead>
        <tbody>
          {fired.slice(0, LISTED_MAX).map(({ atMs, node, kind, what, about }, index) => (
            <tr key={index}>
              <td>{full(atMs)}</td>
              <td>{node}</td>
              <td>
                {kind}: {what}
              </td>
              <td>{about}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {fired.length > LISTED_MAX ? (
        <p class="quiet">and {format.value.count(fired.length - LISTED_MAX)} more</p>
      ) : null}
    </Wide>
  );
}
