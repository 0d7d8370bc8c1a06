import type { Device } from "../../src/contract/devices.ts";
import { deviceAddress } from "../addresses.ts";
import { now } from "../clock.ts";
import type { PastLine } from "../parts/past-lines.ts";
import { Sparkline } from "../parts/Sparkline.tsx";
import { DeviceAge, DeviceState } from "../parts/State.tsx";
import { isOld, labelOf } from "../parts/series-words.ts";
import { Value } from "../parts/Value.tsx";
import { format } from "../preferences.ts";

const OTHERS_MAX = 3;

/** A device at a glance: state, age, its newest values, and what the first one was like. */
export function DeviceCard({ device, line }: { device: Device; line: PastLine | undefined }) {
  const { id, name, state, values } = device;
  const [first, ...others] = values;
  const isQuiet = state === "offline" || state === "silent";
  return (
    <a class="card device-card" href={deviceAddress(id)}>
      <header>
        <h3>{name}</h3>
        <p>
          <DeviceState state={state} /> <DeviceAge device={device} />
        </p>
      </header>
      {first === undefined ? (
        <p class="quiet">No numbers yet.</p>
      ) : (
        <>
          <p class="first">
            <Value
              value={first.newestValue}
              unit={first.unit}
              kind={first.kind}
              isOld={isQuiet || isOld(first, now.value)}
            />
            <span class="label">{labelOf(first)}</span>
          </p>
          <div class="line">
            {line === undefined ? null : (
              <Sparkline
                values={line.values}
                label={`${labelOf(first)}, last ${format.value.duration(line.spanMs)}`}
              />
            )}
          </div>
          <dl>
            {others.slice(0, OTHERS_MAX).map((one) => (
              <div key={one.series}>
                <dt>{labelOf(one)}</dt>
                <dd>
                  <Value
                    value={one.newestValue}
                    unit={one.unit}
                    kind={one.kind}
                    isOld={isQuiet || isOld(one, now.value)}
                  />
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </a>
  );
}
