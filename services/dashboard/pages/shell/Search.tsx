import { useRef, useState } from "preact/hooks";
import { deviceAddress, seriesAddress } from "../addresses.ts";
import { api } from "../api.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { DeviceState } from "../parts/State.tsx";
import { labelOf } from "../parts/series-words.ts";
import { Value } from "../parts/Value.tsx";
import { go } from "../router.ts";
import { isSearchOpen, PLACES } from "./shortcuts.ts";

const RESULTS_MAX = 7;

interface Result {
  id: string;
  address: string;
  title: string;
  detail: string;
  side: preact.ComponentChildren;
}

/** Finds devices, series and pages by their words. Arrow keys choose, Enter opens. */
export function Search() {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const words = text.trim();
  const found = useLoaded(words === "" ? null : `search ${words}`, async (signal) => {
    const query = { text: words, limit: RESULTS_MAX };
    const [devices, series] = await Promise.all([
      api.devices(query, signal),
      api.series(query, signal),
    ]);
    return { devices: devices.devices, series: series.series };
  });
  const results = [...pages(words), ...things(found.value)];
  const at = Math.min(chosen, results.length - 1);
  const close = (): void => {
    isSearchOpen.value = false;
  };
  const open = (result: Result | undefined): void => {
    if (result === undefined) return;
    close();
    go(result.address);
  };
  const choose = (next: number): void => {
    setChosen(Math.max(0, Math.min(results.length - 1, next)));
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };

  return (
    <Dialog title="Search" name="search" onClose={close}>
      <input
        type="search"
        // biome-ignore lint/a11y/noRedundantRoles: it has no list, so that it is none by itself
        role="combobox"
        list={undefined}
        aria-label="Search devices, series and pages"
        aria-expanded="true"
        aria-controls="search-results"
        aria-activedescendant={results[at] === undefined ? undefined : `result-${at}`}
        placeholder="Devices, series, units, topics"
        autofocus
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            choose(at + (event.key === "ArrowDown" ? 1 : -1));
          }
          if (event.key === "Enter") open(results[at]);
          if (event.key === "Escape") {
            // The field would empty itself first.
            event.preventDefault();
            close();
          }
        }}
      />
      <div class="results" id="search-results" role="listbox" aria-label="Results" ref={list}>
        {results.map((result, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          <div
            key={result.id}
            id={`result-${index}`}
            role="option"
            aria-selected={index === at}
            tabIndex={-1}
            onClick={() => open(result)}
            onMouseMove={() => setChosen(index)}
          >
            <span class="title">{result.title}</span>
            <span class="detail">{result.detail}</span>
            <span class="side">{result.side}</span>
          </div>
        ))}
      </div>
      <p class="quiet" aria-live="polite">
        {found.problem !== null
          ? found.problem.message
          : results.length === 0 && !found.isLoading
            ? `Nothing is named like “${words}”.`
            : ""}
      </p>
    </Dialog>
  );
}

function pages(words: string): Result[] {
  return PLACES.filter(({ title }) => title.toLowerCase().includes(words.toLowerCase())).map(
    ({ title, address, key }) => ({
      id: address,
      address,
      title,
      detail: "page",
      side: (
        <>
          <kbd>g</kbd>
          <kbd>{key}</kbd>
        </>
      ),
    }),
  );
}

type Found = {
  devices: Awaited<ReturnType<typeof api.devices>>["devices"];
  series: Awaited<ReturnType<typeof api.series>>["series"];
};

function things(found: Found | null): Result[] {
  if (found === null) return [];
  const devices = found.devices.map((device) => ({
    id: `device ${device.id}`,
    address: deviceAddress(device.id),
    title: device.name,
    detail: device.topics[0] ?? device.id,
    side: <DeviceState state={device.state} />,
  }));
  const series = found.series.map((one) => ({
    id: one.series,
    address: seriesAddress([one.series]),
    title: labelOf(one),
    detail: one.topic,
    side: <Value value={one.newestValue} unit={one.unit} kind={one.kind} />,
  }));
  return [...devices, ...series];
}
