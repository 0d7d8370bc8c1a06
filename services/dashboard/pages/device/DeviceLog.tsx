import type { infer as Of } from "zod";
import type { logEntry } from "../../src/contract/devices.ts";
import { Dot } from "../parts/State.tsx";
import { Time } from "../parts/Value.tsx";
import { deviceApi } from "./device-api.ts";
import { Newest, useNewest } from "./Newest.tsx";

const TONES = { info: "quiet", warn: "attention", error: "problem" } as const;

/** What a device says of itself, the newest first. */
export function DeviceLog({ id, isPaused }: { id: string; isPaused: boolean }) {
  const log = useNewest<Of<typeof logEntry>>({
    name: "log",
    id,
    isPaused,
    load: async (signal) => (await deviceApi.log(id, signal)).entries,
  });
  return (
    <Newest
      label="Log"
      list={log}
      empty="The device has logged nothing yet. Weir's device agent logs commands, starts and problems on its topic log."
    >
      {({ atMs, level, message }) => (
        <>
          <td class="when">
            <Time atMs={atMs} seconds />
          </td>
          <td class="level">
            <span>
              <Dot tone={TONES[level]} /> {level}
            </span>
          </td>
          <td>{message}</td>
        </>
      )}
    </Newest>
  );
}
