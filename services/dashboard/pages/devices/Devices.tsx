import type { Device } from "../../src/contract/devices.ts";
import { deviceAddress } from "../addresses.ts";
import { api } from "../api.ts";
import { now } from "../clock.ts";
import { useLive } from "../page-stream.ts";
import { Empty, ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { usePaged } from "../parts/paged.ts";
import { SearchField } from "../parts/SearchField.tsx";
import { DeviceAge, DeviceState } from "../parts/State.tsx";
import { isOld, labelOf } from "../parts/series-words.ts";
import { Value } from "../parts/Value.tsx";
import { VirtualList } from "../parts/VirtualList.tsx";
import { format } from "../preferences.ts";
import { goQuery, place } from "../router.ts";
import { Page } from "../shell/Page.tsx";

const ROW_PX = 72;
const EVERY_MS = 30_000;
const VALUES_MAX = 3;

/** All devices, however many. */
export function Devices() {
  const text = place.value.query.get("text") ?? "";
  const devices = usePaged<Device>(
    text,
    async (offset, limit, signal) => {
      const query = text === "" ? { offset, limit } : { offset, limit, text };
      const page = await api.devices(query, signal);
      return { total: page.total, items: page.devices };
    },
    EVERY_MS,
  );
  useLive(
    { devices: "changes" },
    {
      devices: ({ devices: changed }) => {
        const byId = new Map(changed.map((device) => [device.id, device]));
        devices.change((device) => byId.get(device.id) ?? device);
      },
    },
  );
  return (
    <Page title="Devices">
      <div class="list-head">
        <SearchField
          label="Search devices"
          placeholder="Name, topic or stream"
          value={text}
          onChange={(typed) => goQuery({ text: typed === "" ? null : typed })}
        />
        <p class="quiet" aria-live="polite">
          {devices.total === null ? "" : countWords(devices.total)}
        </p>
      </div>
      {devices.problem === null ? null : (
        <ErrorNote problem={devices.problem} retry={devices.reload} />
      )}
      {devices.total === null ? (
        devices.problem === null ? (
          <Skeleton lines={6} height="3.5rem" />
        ) : null
      ) : devices.total === 0 ? (
        <NoDevices text={text} />
      ) : (
        <div class={devices.isOutdated ? "outdated" : ""}>
          <VirtualList
            label="Devices"
            total={devices.total}
            rowPx={ROW_PX}
            keyOf={(index) => devices.at(index)?.id ?? String(index)}
            row={(index) => <Row device={devices.at(index)} />}
            onVisible={devices.show}
          />
        </div>
      )}
    </Page>
  );
}

function countWords(total: number): string {
  return total === 1 ? "1 device" : `${format.value.count(total)} devices`;
}

function Row({ device }: { device: Device | null }) {
  if (device === null) return <div class="device-row waiting" />;
  const { id, name, topics, state, values } = device;
  const isQuiet = state === "offline" || state === "silent";
  return (
    <a class="device-row" href={deviceAddress(id)}>
      <span class="name">
        <strong>{name}</strong>
        <span>{topics[0] ?? id}</span>
      </span>
      <span class="values">
        {values.slice(0, VALUES_MAX).map((one) => (
          <span key={one.series}>
            <span class="label">{labelOf(one)}</span>
            <Value
              value={one.newestValue}
              unit={one.unit}
              kind={one.kind}
              isOld={isQuiet || isOld(one, now.value)}
            />
          </span>
        ))}
      </span>
      <span class="state-cell">
        <DeviceState state={state} />
        <DeviceAge device={device} />
      </span>
    </a>
  );
}

function NoDevices({ text }: { text: string }) {
  if (text === "") {
    return (
      <Empty title="No device has sent anything yet">
        <p>
          Devices come here by themselves when they publish. The <a href="/">overview</a> has three
          lines to try it with.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No device is named so">
      <p>
        The search looks for all its words in names, ids and topics.{" "}
        <button type="button" class="link" onClick={() => goQuery({ text: null })}>
          Show all devices
        </button>
      </p>
    </Empty>
  );
}
