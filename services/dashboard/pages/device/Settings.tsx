import { useState } from "preact/hooks";
import type { Device } from "../../src/contract/devices.ts";
import type { Series } from "../../src/contract/series.ts";
import { session } from "../api.ts";
import { Icon } from "../parts/Icon.tsx";
import { DeleteDialog } from "./DeleteDialog.tsx";
import { DeletionList } from "./Deletions.tsx";
import { concerns } from "./deletion-plan.ts";
import type { Deletions } from "./use-deletions.ts";

interface SettingsProps {
  device: Device;
  series: readonly Series[];
  deletions: Deletions;
}

/** What can be changed about a device: its data can be deleted. */
export function Settings({ device, series, deletions }: SettingsProps) {
  const [isOpen, setIsOpen] = useState(false);
  const isViewer = session.value?.user?.role === "viewer";
  const own = deletions.all?.filter(({ filters }) => concerns(filters, device.topics)) ?? [];
  return (
    <div class="device-settings">
      <div>
        <h2>Data</h2>
        <p class="quiet">
          Deleting hides readings at once, from the store, the history and the statistics. For 24
          hours it can be undone; then they are removed from the disk. The device stays connected,
          and what it sends from now on is kept.
        </p>
        <p>
          <button
            type="button"
            class="plain"
            disabled={isViewer}
            aria-describedby={isViewer ? "delete-reason" : undefined}
            onClick={() => setIsOpen(true)}
          >
            <Icon name="trash" />
            Delete data…
          </button>
        </p>
        {isViewer ? (
          <p class="quiet" id="delete-reason">
            Only operators delete data; {session.value?.user?.name} is a viewer.
          </p>
        ) : null}
      </div>
      {own.length === 0 ? null : (
        <div>
          <h2>Earlier deletions</h2>
          <DeletionList deletions={deletions} shown={own} />
        </div>
      )}
      {isOpen ? (
        <DeleteDialog
          device={device}
          series={series}
          deletions={deletions}
          onClose={() => setIsOpen(false)}
        />
      ) : null}
    </div>
  );
}
