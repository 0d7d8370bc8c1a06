import { useEffect, useState } from "preact/hooks";
import type { Device as DeviceShape } from "../../src/contract/devices.ts";
import type { Series } from "../../src/contract/series.ts";
import { api } from "../api.ts";
import { HistoryChart } from "../chart/HistoryChart.tsx";
import { SeriesToggles } from "../chart/SeriesToggles.tsx";
import { useRange } from "../chart/use-range.ts";
import { serverNow } from "../clock.ts";
import { useLive } from "../page-stream.ts";
import { type Loaded, useLoaded } from "../parts/loaded.ts";
import { Empty, ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { type Newest, withNewest } from "../parts/newest.ts";
import { Tabs } from "../parts/Tabs.tsx";
import { goQuery, place } from "../router.ts";
import { Page } from "../shell/Page.tsx";
import { Commands } from "./Commands.tsx";
import { Connections } from "./Connections.tsx";
import { DeletionNote } from "./Deletions.tsx";
import { DeviceHead } from "./DeviceHead.tsx";
import { DeviceLog } from "./DeviceLog.tsx";
import { isDeleted, rootOf } from "./deletion-plan.ts";
import { Gauges } from "./Gauges.tsx";
import { type Pause, PauseButton, PauseNote } from "./Pause.tsx";
import { Settings } from "./Settings.tsx";
import { States } from "./States.tsx";
import { measuredSeries, tellingSeries } from "./telling-series.ts";
import { useDeletions } from "./use-deletions.ts";

const SERIES_EVERY_MS = 10_000;
const SERIES_MAX = 100;
const TABS = [
  { name: "log", title: "Log" },
  { name: "connections", title: "Connections" },
  { name: "states", title: "States" },
  { name: "settings", title: "Settings" },
] as const;
type Tab = (typeof TABS)[number]["name"];

/** The page of one device. */
export function Device({ id }: { id: string }) {
  const found = useLoaded(`device ${id}`, (signal) => api.device(id, signal));
  const series = useLoaded(
    `series of ${id}`,
    (signal) => api.series({ device: id, limit: SERIES_MAX }, signal),
    { everyMs: SERIES_EVERY_MS },
  );
  const [changed, setChanged] = useState<DeviceShape | null>(null);
  useLive(
    { devices: "changes" },
    {
      devices: ({ devices }) => {
        const own = devices.find((one) => one.id === id);
        if (own !== undefined) setChanged(own);
      },
    },
  );
  const device = changed?.id === id ? changed : found.value;
  if (device === null) {
    return (
      <Page title={nameIn(id)}>
        {found.problem === null ? <Skeleton lines={6} /> : <NotThere {...found} />}
      </Page>
    );
  }
  return <DevicePage key={id} device={device} series={series} />;
}

function NotThere({ problem, reload }: Loaded<DeviceShape>) {
  if (problem?.status !== 404) return problem && <ErrorNote problem={problem} retry={reload} />;
  return (
    <Empty title="There is no such device">
      <p>
        Devices are found by what they publish. Its data may have been deleted, or it has another
        name now: see <a href="/devices">all devices</a>.
      </p>
    </Empty>
  );
}

interface DevicePageProps {
  device: DeviceShape;
  series: Loaded<{ series: Series[] }>;
}

function DevicePage({ device, series: listed }: DevicePageProps) {
  const [pause, setPause] = useState<Pause | null>(null);
  const [waiting, setWaiting] = useState(0);
  const [newest, setNewest] = useState<ReadonlyMap<string, Newest>>(new Map());
  const [refresh, setRefresh] = useState(0);
  const [range, setRange] = useRange();
  const known = useFrozen(listed.value?.series ?? device.values, pause !== null);
  const shownDevice = useFrozen(device, pause !== null);
  const root = device.isCommandable ? rootOf(device.topics) : null;
  const all = measuredSeries(known, root).map((one) => withNewest(one, newest));
  const asked = place.value.query.getAll("series");
  const shown = asked.length > 0 ? asked : tellingSeries(device.values);
  const tab = TABS.find(({ name }) => name === place.value.query.get("tab"))?.name ?? "log";
  const again = (): void => {
    setRefresh((count) => count + 1);
    listed.reload();
  };
  const deletions = useDeletions(again);
  const isGone = (one: Series): boolean => isDeleted(one, deletions.all ?? []);
  const toggle = (name: string): void => {
    const next = shown.includes(name) ? shown.filter((one) => one !== name) : [...shown, name];
    // In the order of the list, so that colours stay.
    goQuery({ series: all.map((one) => one.series).filter((one) => next.includes(one)) });
  };
  return (
    <Page
      title={device.name}
      aside={
        <PauseButton
          isPaused={pause !== null}
          onPause={() => setPause({ sinceMs: serverNow() })}
          onContinue={() => {
            setPause(null);
            again();
          }}
        />
      }
    >
      <DeviceHead device={shownDevice} />
      {pause === null ? null : <PauseNote pause={pause} waiting={waiting} />}
      <DeletionNote deletions={deletions} />
      <section class="card" aria-label="Chart">
        <HistoryChart
          names={shown}
          placeOf={(name) =>
            Math.max(
              0,
              all.findIndex((one) => one.series === name),
            )
          }
          range={range}
          onRange={setRange}
          isPaused={pause !== null}
          onWaiting={setWaiting}
          onNewest={setNewest}
          refresh={refresh}
        >
          <SeriesToggles
            series={all}
            shown={shown}
            newest={newest}
            isGone={isGone}
            onToggle={toggle}
          />
        </HistoryChart>
      </section>
      <Gauges series={all.filter((one) => !isGone(one))} />
      {device.isCommandable ? <Commands device={device} refresh={refresh} /> : null}
      <section class="card">
        <Tabs
          label="About this device"
          tabs={TABS}
          chosen={tab}
          onChoose={(name: Tab) => goQuery({ tab: name })}
        >
          {tab === "log" ? <DeviceLog id={device.id} isPaused={pause !== null} /> : null}
          {tab === "connections" ? <Connections id={device.id} isPaused={pause !== null} /> : null}
          {tab === "states" ? (
            <States id={device.id} root={root} isPaused={pause !== null} />
          ) : null}
          {tab === "settings" ? (
            <Settings device={device} series={all} deletions={deletions} />
          ) : null}
        </Tabs>
      </section>
    </Page>
  );
}

/** The value as it was when the page began to pause. */
function useFrozen<T>(value: T, isFrozen: boolean): T {
  const [kept, keep] = useState(value);
  useEffect(() => {
    if (!isFrozen) keep(() => value);
  }, [value, isFrozen]);
  return isFrozen ? kept : value;
}

function nameIn(id: string): string {
  return id.split("/").at(-1) ?? id;
}
