import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";

/** `up` is from the client to the server, `down` the way back. */
export type Direction = "up" | "down";

/** What a network can be like. */
export type Weather =
  | { kind: "fair" }
  /** Each piece comes so much later. */
  | { kind: "latency"; delayMs: number }
  | { kind: "throttle"; bytesPerSecond: number }
  /** Every byte comes alone. */
  | { kind: "slices" }
  /** Connections are accepted, and nothing comes through: no byte, no end of a connection. */
  | { kind: "black hole" }
  /** Nothing comes through in one direction. */
  | { kind: "half-open"; dead: Direction };

export const FAIR: Weather = { kind: "fair" };

const THROTTLE_STEP_MS = 20;

/** Whether nothing passes in this direction, not even the end of a connection. */
export function isDead(weather: Weather, direction: Direction): boolean {
  return (
    weather.kind === "black hole" || (weather.kind === "half-open" && weather.dead === direction)
  );
}

/** Cuts a piece of a stream into what passes at once, each at its time. */
export async function* passing(chunk: Buffer, weather: Weather): AsyncGenerator<Buffer> {
  switch (weather.kind) {
    case "latency":
      await pause(weather.delayMs);
      yield chunk;
      return;
    case "throttle": {
      const step = Math.max(1, Math.floor((weather.bytesPerSecond * THROTTLE_STEP_MS) / 1_000));
      for (let from = 0; from < chunk.length; from += step) {
        yield chunk.subarray(from, from + step);
        await pause(THROTTLE_STEP_MS);
      }
      return;
    }
    case "slices":
      for (let at = 0; at < chunk.length; at += 1) {
        yield chunk.subarray(at, at + 1);
        await nextTurn();
      }
      return;
    case "fair":
    case "black hole":
    case "half-open":
      yield chunk;
  }
}
