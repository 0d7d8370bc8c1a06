import type { Device } from "../../src/contract/devices.ts";
import { DeviceState } from "../parts/State.tsx";
import { Age, Time } from "../parts/Value.tsx";

/** How a device is, since when, and where it is found. */
export function DeviceHead({ device }: { device: Device }) {
  const { state, sinceMs, heardMs, topics, streams, id } = device;
  return (
    <div class="device-head">
      <p>
        <DeviceState state={state} />
        {sinceMs === null ? null : (
          <span class="quiet">
            since <Time atMs={sinceMs} />
          </span>
        )}
        <span class="quiet">
          {state === "heard" ? null : "heard "}
          <Age atMs={heardMs} />
        </span>
      </p>
      <details>
        <summary>{topics.length === 1 ? topics[0] : `${topics.length} topics`}</summary>
        <dl class="facts">
          <dt>Id</dt>
          <dd>
            <code>{id}</code>
          </dd>
          <dt>{streams.length === 1 ? "Stream" : "Streams"}</dt>
          <dd>{streams.join(", ")}</dd>
          <dt>Topics</dt>
          <dd>
            <ul>
              {topics.map((topic) => (
                <li key={topic}>
                  <code>{topic}</code>
                </li>
              ))}
            </ul>
          </dd>
        </dl>
      </details>
    </div>
  );
}
