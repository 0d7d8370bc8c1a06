import { z } from "zod";
import { INTERVAL_MS_MAX, Refusal } from "../control/control.ts";
import { type DeviceCommand, shown } from "./command.ts";

const SECONDS_MAX = INTERVAL_MS_MAX / 1_000;
const SECONDS = /^\s*\d{1,9}(\.\d{1,9})?\s*$/;
const words = "it must be a number of seconds";

export const command: DeviceCommand<number | string> = {
  name: "change_send_interval",
  summary: "Sets the seconds between two reports, at once and for good.",
  payload: z
    .union([z.number(), z.string().max(32, words)], words)
    .describe("Seconds, as a number or as text; a day at most."),
  run: async (payload, { device }) => {
    const seconds = secondsOf(payload);
    const secondsMin = device.intervalMinMs / 1_000;
    if (!(seconds >= secondsMin && seconds <= SECONDS_MAX)) {
      const bounds = `from ${secondsMin} to ${SECONDS_MAX}`;
      throw new Refusal(`payload: ${shown(payload)} is not allowed; ${words} ${bounds}`);
    }
    device.setIntervalMs(Math.round(seconds * 1_000));
    return { seconds: device.intervalMs() / 1_000 };
  },
};

/** Text fields of dashboards send text. `NaN` for text that is no number. */
function secondsOf(given: number | string): number {
  if (typeof given === "number") return given;
  return SECONDS.test(given) ? Number(given) : Number.NaN;
}
