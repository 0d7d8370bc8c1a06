import { useState } from "preact/hooks";
import type { Device } from "../../src/contract/devices.ts";
import type { Series } from "../../src/contract/series.ts";
import { api, RequestError } from "../api.ts";
import { serverNow } from "../clock.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote } from "../parts/Notes.tsx";
import { labelOf } from "../parts/series-words.ts";
import { format } from "../preferences.ts";
import { DeletionPreview } from "./DeletionPreview.tsx";
import { deletionParts, rootOf, sharedSeries, type What } from "./deletion-plan.ts";
import { type Span, SpanChoice, spanOf } from "./SpanChoice.tsx";
import type { Deletions } from "./use-deletions.ts";
import { usePreview } from "./use-preview.ts";

interface DeleteDialogProps {
  device: Device;
  series: readonly Series[];
  deletions: Deletions;
  onClose: () => void;
}

/** What, when, how much that is, and one confirmation. */
export function DeleteDialog({ device, series, deletions, onClose }: DeleteDialogProps) {
  const [what, setWhat] = useState<What>("everything");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [span, setSpan] = useState<Span>({ preset: "all", from: "", to: "" });
  const [openedMs] = useState(serverNow);
  const [isDeleting, setIsDeleting] = useState(false);
  const [problem, setProblem] = useState<RequestError | null>(null);
  const streams = useLoaded("streams", api.streams).value?.streams.map(({ name }) => name);
  const root = device.isCommandable ? rootOf(device.topics) : null;
  const parts = deletionParts(what, {
    series,
    chosen,
    root,
    streams: streams ?? device.streams,
  });
  const times = spanOf(span, openedMs, format.value.zone);
  const requests = times === null ? [] : parts.map((part) => ({ ...part, ...times }));
  const preview = usePreview(requests);
  const affected = what === "series" ? series.filter((one) => chosen.has(one.series)) : series;
  const shared = what === "series" ? sharedSeries(series, chosen) : [];
  const rows = preview.value?.rows ?? 0;

  const remove = async (): Promise<void> => {
    setIsDeleting(true);
    try {
      // Streams without matching rows have nothing to delete.
      await deletions.make(requests.filter((_, at) => (preview.value?.rowsOfParts[at] ?? 0) > 0));
      onClose();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setProblem(error);
      setIsDeleting(false);
    }
  };
  const toggle = (name: string): void => {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    setChosen(next);
  };
  return (
    <Dialog title={`Delete data of ${device.name}`} onClose={onClose} name="delete">
      <fieldset class="options">
        <legend>What</legend>
        {WHATS.filter(({ ofRoot }) => !ofRoot || root !== null).map(({ name, label }) => (
          <label key={name}>
            <input
              type="radio"
              name="what"
              checked={what === name}
              onChange={() => setWhat(name)}
            />
            {label}
          </label>
        ))}
        {what === "series" ? (
          <div class="options nested">
            {series.map((one) => (
              <label key={one.series}>
                <input
                  type="checkbox"
                  checked={chosen.has(one.series)}
                  onChange={() => toggle(one.series)}
                />
                {labelOf(one)}
              </label>
            ))}
          </div>
        ) : null}
        {shared.length === 0 ? null : (
          <p class="quiet">
            Messages are deleted as a whole: {shared.map((one) => labelOf(one)).join(", ")} come in
            the same messages and go as well.
          </p>
        )}
      </fieldset>
      <SpanChoice span={span} onSpan={setSpan} nowMs={openedMs} />
      <DeletionPreview
        preview={preview}
        isAsked={requests.length > 0}
        series={affected}
        times={times}
      />
      {problem === null ? null : <ErrorNote problem={problem} />}
      <footer>
        <button type="button" class="plain" onClick={onClose}>
          Keep everything
        </button>
        <button
          type="button"
          class="main danger"
          disabled={rows === 0 || preview.isLoading || isDeleting}
          onClick={() => void remove()}
        >
          Delete {rows === 0 ? "nothing" : readings(rows)} of {device.name}
        </button>
      </footer>
    </Dialog>
  );
}

const WHATS: readonly { name: What; label: string; ofRoot: boolean }[] = [
  { name: "everything", label: "Everything of this device", ofRoot: false },
  { name: "series", label: "Some of its series", ofRoot: false },
  { name: "states", label: "Its states", ofRoot: true },
  { name: "logs", label: "Its log", ofRoot: true },
];

function readings(rows: number): string {
  return rows === 1 ? "1 reading" : `${format.value.count(rows)} readings`;
}
