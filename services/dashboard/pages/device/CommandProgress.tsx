import type { CommandLife } from "../../src/contract/devices.ts";
import { now } from "../clock.ts";
import { State } from "../parts/State.tsx";
import { format } from "../preferences.ts";
import { progressOf } from "./life.ts";

const TONES = { going: "quiet", ok: "ok", problem: "problem" } as const;

/** How far a command is: "running · 3 s", "done in 1.2 s", "failed: no space". */
export function CommandProgress({ life }: { life: CommandLife }) {
  const { words, tone, tookMs } = progressOf(life);
  const { duration } = format.value;
  const isGoing = tone === "going";
  const time = isGoing
    ? ` · ${duration(Math.max(0, now.value - life.sentMs))}`
    : tookMs === null || tone === "problem"
      ? ""
      : ` in ${duration(tookMs)}`;
  const result = life.acks.at(-1)?.result;
  return (
    <div class="command-progress">
      <State tone={TONES[tone]} word={words + time} />
      {result === undefined ? null : (
        <details>
          <summary>Result</summary>
          <pre>{JSON.stringify(result, null, 2)}</pre>
        </details>
      )}
    </div>
  );
}
