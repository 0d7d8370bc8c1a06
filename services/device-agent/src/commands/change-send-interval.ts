import { z } from "zod";
import type { DeviceCommand } from "./command.ts";

const SECONDS = /^\s*\d{1,9}(\.\d{1,9})?\s*$/;
const words = "it must be a number of seconds";

export const command: DeviceCommand<number> = {
  name: "change_send_interval",
  summary: "Sets the seconds between two reports, from now on and after restarts.",
  payload: z
    // Text fields of dashboards send text.
    .union([z.number(), z.string().regex(SECONDS, words).transform(Number)], words)
    .describe("Seconds, as a number or as text; a day at most."),
  run: async (seconds, { device }) => {
    device.setIntervalMs(Math.round(seconds * 1_000));
    return { seconds: device.intervalMs() / 1_000 };
  },
};
