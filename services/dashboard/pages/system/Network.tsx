import { useState } from "preact/hooks";
import type { NetworkCommand, NetworkState } from "../../src/contract/system.ts";
import { RequestError, session } from "../api.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote } from "../parts/Notes.tsx";
import { State } from "../parts/State.tsx";
import { Age } from "../parts/Value.tsx";
import { networkApi } from "./system-api.ts";

const BUTTONS: Record<NetworkCommand, string> = {
  capture: "Cut the network",
  release: "Restore the network",
  reset: "Reset connections",
};

const EVERY_MS = 5_000;

/** Where the debug composition runs: cuts the network between publishers and broker, beside the audit that proves the outcome. */
export function Network({ onChange }: { onChange: () => void }) {
  const { value, reload } = useLoaded("network", networkApi.state, { everyMs: EVERY_MS });
  const [problem, setProblem] = useState<RequestError | null>(null);
  // Elsewhere there is no fault proxy.
  if (value === null || value.commands.length === 0) return null;
  const isViewer = session.value?.user?.role === "viewer";
  const act = async (command: NetworkCommand): Promise<void> => {
    try {
      await networkApi.command(command);
      setProblem(null);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setProblem(error);
    }
    reload();
    onChange();
  };
  return (
    <div class="network">
      <p>
        <Condition network={value} />
        {value.sinceMs === null ? null : (
          <span class="quiet">
            {" "}
            since <Age atMs={value.sinceMs} />
          </span>
        )}
      </p>
      <div class="network-buttons">
        {Object.entries(BUTTONS)
          .filter(([command]) => value.commands.includes(command))
          .map(([command, label]) => (
            <button
              key={command}
              type="button"
              class="plain"
              disabled={isViewer}
              // The keys of BUTTONS.
              onClick={() => void act(command as NetworkCommand)}
            >
              {label}
            </button>
          ))}
      </div>
      <p class="quiet">
        {isViewer
          ? "Only operators cut the network."
          : "Publishers keep what they cannot send, and send it later. Above it waits first, then it is stored; none is missing."}
      </p>
      {problem === null ? null : <ErrorNote problem={problem} />}
    </div>
  );
}

function Condition({ network: { condition } }: { network: NetworkState }) {
  if (condition === "release") return <State tone="ok" word="The network works" />;
  if (condition === "capture") return <State tone="problem" word="The network is cut" />;
  return <State tone="attention" word={`The network: ${condition}`} />;
}
