import { addAbortListener } from "node:events";
import { noPayload } from "../payload/payload.ts";
import type { DeviceCommand } from "./command.ts";

const REASONS_MAX = 5;

export const command: DeviceCommand = {
  name: "report_now",
  summary: "Measures and reports everything now, and tells what became of it.",
  payload: noPayload,
  run: async (_payload, { device, signal }) => {
    const ended = Promise.withResolvers<never>();
    using _ending = addAbortListener(signal, () => ended.reject(signal.reason));
    // What becomes of an alarm may take days to be known.
    const told = await Promise.race([device.reportNow(), ended.promise]);
    const outcomes: Record<string, number> = {};
    const reasons = new Set<string>();
    for (const outcome of told) {
      outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1;
      if ("reason" in outcome && reasons.size < REASONS_MAX) reasons.add(outcome.reason);
    }
    return { outcomes, ...(reasons.size === 0 ? {} : { reasons: [...reasons] }) };
  },
};
