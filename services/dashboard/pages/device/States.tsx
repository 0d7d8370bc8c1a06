import { useRef, useState } from "preact/hooks";
import type { Explained } from "../../src/contract/series.ts";
import { HowRead } from "../parts/HowRead.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Time, Value } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import { deviceApi } from "./device-api.ts";
import { isMeasured } from "./telling-series.ts";

const EVERY_MS = 5_000;

/** More are shown when they are asked for. */
const LISTED_MAX = 20;

interface StatesProps {
  id: string;
  /** What its topics begin with, where it is addressed as Weir's devices are. */
  root: string | null;
  isPaused: boolean;
}

/** The newest payloads of a device, and how each was read. */
export function States({ id, root, isPaused }: StatesProps) {
  const [isWhole, setIsWhole] = useState(false);
  const options = isPaused ? {} : { everyMs: EVERY_MS };
  const loaded = useLoaded(`states of ${id}`, (signal) => deviceApi.states(id, signal), options);
  const kept = useRef(loaded.value);
  if (!isPaused) kept.current = loaded.value;
  const all = kept.current?.states.filter(({ topic }) => isMeasured(topic, root)) ?? null;
  const states = isWhole ? all : (all?.slice(0, LISTED_MAX) ?? null);
  return (
    <>
      {loaded.problem === null ? null : (
        <ErrorNote problem={loaded.problem} retry={loaded.reload} />
      )}
      {states === null && loaded.problem === null ? <Skeleton lines={4} /> : null}
      {states?.length === 0 ? <p class="quiet">Nothing of this device is stored.</p> : null}
      <ul class="payloads">
        {states?.map((state, place) => (
          <li
            key={`${state.topic} ${state.receivedMs} ${state.bytes} ${sameBefore(states, place)}`}
          >
            <StateDetails state={state} />
          </li>
        ))}
      </ul>
      {all === null || isWhole || all.length <= LISTED_MAX ? null : (
        <button type="button" class="link" onClick={() => setIsWhole(true)}>
          Show the newest {all.length}
        </button>
      )}
    </>
  );
}

function StateDetails({ state }: { state: Explained }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        <Time atMs={state.receivedMs} seconds />
        <span class="payload-values">
          {state.points.slice(0, 4).map(({ series, path, value, unit, kind }) => (
            <span key={series}>
              <span class="quiet">{path === "" ? "value" : path}</span>{" "}
              <Value value={value} unit={unit} kind={kind} />
            </span>
          ))}
          {state.points.length > 4 ? (
            <span class="quiet">and {state.points.length - 4} more</span>
          ) : null}
          {state.points.length === 0 ? <span class="quiet">{outcomeOf(state)}</span> : null}
        </span>
        <span class="quiet">{format.value.bytes(state.bytes)}</span>
      </summary>
      {isOpen ? (
        <div class="payload-body">
          <code>{state.topic}</code>
          <HowRead explained={state} />
        </div>
      ) : null}
    </details>
  );
}

/** The order distinguishes payloads that came in one millisecond. */
function sameBefore(states: readonly Explained[], place: number): number {
  const { receivedMs } = states[place] as Explained;
  return states.slice(place + 1).filter((one) => one.receivedMs === receivedMs).length;
}

function outcomeOf({ outcome }: Explained): string {
  return outcome.reason === "" ? outcome.kind : `${outcome.kind}, ${outcome.reason}`;
}
