import type { AboutField } from "../reading/auto.ts";
import { recordOf } from "../reading/message.ts";
import { type Path, pathOf } from "../reading/path.ts";
import type { Reading } from "../reading/reading.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What all fields within a decoded payload belong to. Many decoders repeat the payload in `bytes`. */
export function decodedFields(device: string): AboutField {
  return (key) => (key === "bytes" ? null : { device });
}

/**
 * Adds the best level and the best signal-to-noise ratio of all gateways that heard a message. Which gateways
 * these are, and their order, changes from message to message.
 *
 * @param isLora whether a ratio that is missing is 0: both servers leave out what is 0.
 */
export function addReception(
  reading: Reading,
  path: Path,
  gateways: unknown,
  { device, isLora }: { device: string; isLora: boolean },
): void {
  if (!Array.isArray(gateways)) return;
  const heard = gateways
    .map(recordOf)
    .filter((gateway): gateway is Fields => typeof gateway?.rssi === "number");
  if (heard.length === 0) return;
  const best = (values: readonly unknown[]): number =>
    values.reduce<number>(
      (most, value) => (typeof value === "number" && value > most ? value : most),
      Number.NEGATIVE_INFINITY,
    );
  reading.addValue(pathOf(path, "rssi"), best(heard.map(({ rssi }) => rssi)), {
    unit: "dBm",
    device,
  });
  const snr = best(heard.map((gateway) => gateway.snr ?? (isLora ? 0 : undefined)));
  if (Number.isFinite(snr)) reading.addValue(pathOf(path, "snr"), snr, { unit: "dB", device });
}

/** Adds a frame counter. Both servers leave out what is 0. */
export function addFrames(reading: Reading, path: Path, frames: unknown, device: string): void {
  reading.addValue(path, frames ?? 0, { kind: "counter", device });
}
