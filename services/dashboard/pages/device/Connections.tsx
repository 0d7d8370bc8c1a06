import { useState } from "preact/hooks";
import type { ConnectionEvent } from "../../src/contract/devices.ts";
import { State } from "../parts/State.tsx";
import { Time } from "../parts/Value.tsx";
import { deviceApi } from "./device-api.ts";
import { Newest, useNewest } from "./Newest.tsx";

const TONES = {
  connected: "ok",
  online: "ok",
  disconnected: "quiet",
  offline: "quiet",
} as const;

/** When a device came and went, and why. */
export function Connections({ id, isPaused }: { id: string; isPaused: boolean }) {
  const [source, setSource] = useState<string | null>(null);
  const list = useNewest<ConnectionEvent>({
    name: "connection",
    id,
    isPaused,
    load: async (signal) => {
      const answer = await deviceApi.connections(id, signal);
      setSource(answer.source);
      return answer.entries;
    },
  });
  return (
    <>
      {source === "birth and will" ? (
        <p class="quiet">
          The broker has not said why this device's connections end. What is here is from its own
          birth and last will.
        </p>
      ) : null}
      <Newest
        label="Connections"
        list={list}
        empty="The device has not come or gone since this was first looked at."
        head={["Time", "Event", "Reason", "Session", "From"]}
      >
        {({ atMs, event, reason, session, clientId, address }) => (
          <>
            <td class="when">
              <Time atMs={atMs} seconds />
            </td>
            <td>
              <State tone={TONES[event]} word={event} />
            </td>
            <td>{reason ?? <span class="quiet">–</span>}</td>
            <td>{session ?? <span class="quiet">–</span>}</td>
            <td class="quiet">{[address, clientId].filter((one) => one !== null).join(" as ")}</td>
          </>
        )}
      </Newest>
    </>
  );
}
