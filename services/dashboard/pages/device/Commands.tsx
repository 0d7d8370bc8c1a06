import { useEffect, useRef, useState } from "preact/hooks";
import type { CommandLife, Device } from "../../src/contract/devices.ts";
import { RequestError, session } from "../api.ts";
import { useLive } from "../page-stream.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Time } from "../parts/Value.tsx";
import { CommandForm } from "./CommandForm.tsx";
import { CommandProgress } from "./CommandProgress.tsx";
import { deviceApi } from "./device-api.ts";
import { labelOf } from "./form.ts";
import { withLife } from "./life.ts";

const RECENT_SHOWN = 10;

/** What a device executes: a form for each command, and what became of those that were sent. */
export function Commands({ device, refresh }: { device: Device; refresh: number }) {
  const { id } = device;
  const loaded = useLoaded(`commands of ${id}`, (signal) => deviceApi.commands(id, signal));
  const refreshed = useRef(refresh);
  useEffect(() => {
    if (refreshed.current !== refresh) loaded.reload();
    refreshed.current = refresh;
  }, [refresh]);
  const [lives, setLives] = useState<readonly CommandLife[]>([]);
  /** The command that each form has sent last. */
  const [sent, setSent] = useState<Readonly<Record<string, string>>>({});
  const add = (life: CommandLife): void => setLives((known) => withLife(known, life));
  useEffect(() => {
    for (const life of loaded.value?.recent ?? []) add(life);
  }, [loaded.value]);
  useLive({ device: id }, { command: add });

  const isViewer = session.value?.user?.role === "viewer";
  const send = async (name: string, payload: unknown): Promise<RequestError | null> => {
    try {
      const life = await deviceApi.command(id, name, payload);
      add(life);
      setSent((known) => ({ ...known, [name]: life.id }));
      return null;
    } catch (error) {
      if (error instanceof RequestError) return error;
      throw error;
    }
  };
  const { value, problem } = loaded;
  const others = lives
    .filter((life) => !Object.values(sent).includes(life.id))
    .slice(0, RECENT_SHOWN);
  return (
    <section class="card commands" aria-labelledby="commands-title">
      <h2 id="commands-title">Commands</h2>
      {problem === null ? null : <ErrorNote problem={problem} retry={loaded.reload} />}
      {value === null && problem === null ? <Skeleton lines={4} height="2.25rem" /> : null}
      {isViewer ? (
        <p class="quiet" id="viewer-reason">
          Only operators send commands; {session.value?.user?.name} is a viewer.
        </p>
      ) : null}
      {value !== null && value.commands.length === 0 ? (
        <p class="quiet">
          {value.describedMs === null
            ? "The device has not described its commands yet. It is asked when it is online."
            : "The device executes no commands."}
        </p>
      ) : null}
      <ul class="command-list">
        {value?.commands.map((command) => (
          <li key={command.name}>
            <CommandForm
              command={command}
              isDisabled={isViewer}
              life={lives.find((life) => life.id === sent[command.name]) ?? null}
              onSend={(payload) => send(command.name, payload)}
            />
          </li>
        ))}
      </ul>
      {others.length === 0 ? null : (
        <details>
          <summary>Earlier commands</summary>
          <ul class="command-recent">
            {others.map((life) => (
              <li key={life.id}>
                <span>
                  {labelOf(life.name)}{" "}
                  <span class="quiet">
                    <Time atMs={life.sentMs} seconds />
                    {life.by === null ? null : ` by ${life.by}`}
                  </span>
                </span>
                <CommandProgress life={life} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
