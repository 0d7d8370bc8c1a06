import type { Alert } from "@weir/flows/contract";
import { useMemo, useState } from "preact/hooks";
import type { Device } from "../../src/contract/devices.ts";
import { newCount } from "../alerts/alert-words.ts";
import { alertsApi } from "../alerts/alerts-api.ts";
import { api } from "../api.ts";
import { now } from "../clock.ts";
import { withChanges } from "../devices/device-list.ts";
import { newAlerts, status, useLive } from "../page-stream.ts";
import { Icon } from "../parts/Icon.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote } from "../parts/Notes.tsx";
import { followedBy, type Newest, withNewest, withPoints } from "../parts/newest.ts";
import { usePastLines } from "../parts/past-lines.ts";
import { Dot } from "../parts/State.tsx";
import { format } from "../preferences.ts";
import { Page } from "../shell/Page.tsx";
import { Averages } from "./Averages.tsx";
import { DeviceCard } from "./DeviceCard.tsx";
import { FirstSteps } from "./FirstSteps.tsx";
import { type Look, needsALook } from "./needs-look.ts";

const CARDS_MAX = 24;
const LOOKS_MAX = 8;
/** All that may need a look; the API gives no more at once. */
const DEVICES_MAX = 500;
/** As many alerts as the API gives at once. */
const ALERTS_MAX = 500;
const MINUTE = 60_000;

/** Everything at a glance. */
export function Overview() {
  const devices = useDevices();
  const streams = useLoaded("streams", api.streams, { everyMs: MINUTE });
  const services = useLoaded("services", api.services, { everyMs: 15_000 });
  const rejections = useLoaded("rejections", (signal) => api.rejections({ limit: 200 }, signal), {
    everyMs: MINUTE,
  });
  const alerts = useNewAlerts();
  const looks = needsALook(
    {
      status: status.value,
      devices: devices.all ?? [],
      alerts,
      services: services.value,
      streams: streams.value,
      rejections: rejections.value,
      nowMs: now.value,
    },
    format.value,
  );
  return (
    <Page title="Overview">
      <Averages />
      <div class="overview">
        <NeedsALook
          looks={looks}
          isKnown={devices.all !== null && (services.value ?? services.problem) !== null}
        />
        <section aria-labelledby="devices-title">
          <header class="section-head">
            <h2 id="devices-title">Devices</h2>
            {devices.total > CARDS_MAX ? (
              <a href="/devices">{`All ${format.value.count(devices.total)}`}</a>
            ) : null}
          </header>
          {devices.problem === null ? null : (
            <ErrorNote problem={devices.problem} retry={devices.reload} />
          )}
          {devices.all === null ? (
            devices.problem === null ? (
              <CardSkeletons />
            ) : null
          ) : devices.all.length === 0 ? (
            <FirstSteps streams={streams.value} />
          ) : (
            <Cards devices={devices.all.slice(0, CARDS_MAX)} />
          )}
        </section>
      </div>
    </Page>
  );
}

/** Alerts that are new. They are asked for only where there are any: not every suite has workflows. */
function useNewAlerts(): readonly Alert[] {
  const isAny = newCount(newAlerts.value) > 0;
  const loaded = useLoaded(isAny ? "alerts" : null, (signal) =>
    alertsApi.alerts({ state: "open", limit: ALERTS_MAX }, signal),
  );
  useLive({}, { alerts: loaded.reload });
  return loaded.value?.alerts ?? [];
}

/** All devices, kept newest by the live stream. */
function useDevices() {
  const loaded = useLoaded("devices", (signal) => api.devices({ limit: DEVICES_MAX }, signal), {
    everyMs: MINUTE,
  });
  const [changes, setChanges] = useState<{ of: unknown; devices: Device[] } | null>(null);
  const base = changes !== null && changes.of === loaded.value ? changes.devices : null;
  const all = base ?? loaded.value?.devices ?? null;
  useLive(
    { devices: "changes" },
    {
      devices: ({ devices }) => {
        const of = loaded.value;
        if (of === null) return;
        setChanges((was) => ({
          of,
          devices: withChanges(
            was?.of === of ? was.devices : of.devices,
            devices,
            of.total <= DEVICES_MAX,
          ),
        }));
      },
    },
  );
  return {
    all,
    total: Math.max(loaded.value?.total ?? 0, all?.length ?? 0),
    problem: loaded.problem,
    reload: loaded.reload,
  };
}

function Cards({ devices }: { devices: readonly Device[] }) {
  const firsts = useMemo(() => devices.flatMap(({ values }) => values.slice(0, 1)), [devices]);
  const lines = usePastLines(firsts);
  const newest = useNewest(devices);
  return (
    <ul class="cards">
      {devices.map((device) => (
        <li key={device.id}>
          <DeviceCard
            device={{ ...device, values: device.values.map((one) => withNewest(one, newest)) }}
            line={lines.value?.get(device.values[0]?.series ?? "")}
          />
        </li>
      ))}
    </ul>
  );
}

/** The newest values as they come: summaries of devices are some seconds old. */
function useNewest(devices: readonly Device[]): ReadonlyMap<string, Newest> {
  const [newest, setNewest] = useState<ReadonlyMap<string, Newest>>(new Map());
  const names = followedBy(devices);
  useLive(names.length === 0 ? null : { series: names }, {
    points: (event) => setNewest((was) => withPoints(was, names, event)),
    // What was deleted is among them.
    reset: () => setNewest(new Map()),
  });
  return newest;
}

function CardSkeletons() {
  return (
    <ul class="cards" aria-busy="true">
      <li class="hidden">Loading</li>
      {["a", "b", "c"].map((key) => (
        <li key={key} class="card device-card waiting" />
      ))}
    </ul>
  );
}

function NeedsALook({ looks, isKnown }: { looks: readonly Look[]; isKnown: boolean }) {
  return (
    <section class="looks" aria-labelledby="looks-title">
      <h2 id="looks-title">Needs a look</h2>
      {looks.length === 0 ? (
        <p class="fine">
          {isKnown ? (
            <>
              <Icon name="check" />
              Nothing does.
            </>
          ) : (
            "\u00a0"
          )}
        </p>
      ) : (
        <ul>
          {looks.slice(0, LOOKS_MAX).map(({ id, tone, what, why, address }) => (
            <li key={id}>
              <a href={address}>
                <Dot tone={tone} />
                <strong>{what}</strong>
                <span>{why}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
      {looks.length > LOOKS_MAX ? (
        <a href="/devices">{`${format.value.count(looks.length - LOOKS_MAX)} more`}</a>
      ) : null}
    </section>
  );
}
