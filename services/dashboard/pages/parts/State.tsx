import type { Device } from "../../src/contract/devices.ts";
import type { Tone } from "./tone.ts";
import { Age, Time } from "./Value.tsx";

/** A state: a shape and a word; the colour repeats them. */
export function State({ tone, word }: { tone: Tone; word: string }) {
  return (
    <span class={`state ${tone}`}>
      <Dot tone={tone} />
      {word}
    </span>
  );
}

/** Full: fine. A ring: nothing is heard. A triangle: look at it. A square: a problem. */
export function Dot({ tone }: { tone: Tone }) {
  return (
    <svg class={`dot ${tone}`} viewBox="0 0 12 12" aria-hidden="true">
      {tone === "ok" ? <circle cx="6" cy="6" r="4.5" /> : null}
      {tone === "quiet" ? <circle class="ring" cx="6" cy="6" r="4" /> : null}
      {tone === "attention" ? <path d="M6 1.2 11.4 10.8H.6z" /> : null}
      {tone === "problem" ? <rect x="1.5" y="1.5" width="9" height="9" rx="1" /> : null}
    </svg>
  );
}

const DEVICE_TONES = {
  online: "ok",
  heard: "ok",
  silent: "attention",
  offline: "problem",
} as const satisfies Record<string, Tone>;

/** The state of a device, in the words of the API. */
export function DeviceState({ state }: { state: keyof typeof DEVICE_TONES }) {
  return <State tone={DEVICE_TONES[state]} word={state} />;
}

/** When it was heard; of one that is gone, since when it is. */
export function DeviceAge({ device: { state, sinceMs, heardMs } }: { device: Device }) {
  const isGone = state === "offline" || state === "silent";
  return isGone ? (
    <span class="age">
      since <Time atMs={sinceMs ?? heardMs} />
    </span>
  ) : (
    <Age atMs={heardMs} />
  );
}
