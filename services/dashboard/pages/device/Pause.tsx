import { Icon } from "../parts/Icon.tsx";
import { format } from "../preferences.ts";

export interface Pause {
  /** Epoch milliseconds. */
  sinceMs: number;
}

interface PauseButtonProps {
  isPaused: boolean;
  onPause: () => void;
  onContinue: () => void;
}

/** Stops what this page shows from changing, and nothing else. */
export function PauseButton({ isPaused, onPause, onContinue }: PauseButtonProps) {
  return (
    <button
      type="button"
      class="plain"
      aria-pressed={isPaused}
      onClick={isPaused ? onContinue : onPause}
    >
      <Icon name={isPaused ? "play" : "pause"} />
      {isPaused ? "Continue" : "Pause this page"}
    </button>
  );
}

export function PauseNote({ pause, waiting }: { pause: Pause; waiting: number }) {
  const words =
    waiting === 1 ? "1 new point waits" : `${format.value.count(waiting)} new points wait`;
  return (
    <p class="note stale" role="status">
      <Icon name="pause" />
      <span>
        Paused at {format.value.clockSeconds(pause.sinceMs)}; {words}. Everything is stored
        meanwhile.
      </span>
    </p>
  );
}
