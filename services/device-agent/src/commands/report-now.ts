import { addAbortListener } from "node:events";
import { type DeviceCommand, noPayload } from "./command.ts";

const REASONS_MAX = 5;

export const command: DeviceCommand = {
  name: "report_now",
  summary: "Measures and reports everything now, and returns the outcomes.",
  payload: noPayload,
  run: async (_payload, { device, signal }) => {
    const ended = Promise.withResolvers<never>();
    using _ending = addAbortListener(signal, () => ended.reject(signal.reason));
    // The outcome of an alarm may be days away.
    const reports = await Promise.race([device.reportNow(), ended.promise]);
    const outcomes: Record<string, number> = {};
    const reasons = new Set<string>();
    for (const outcome of reports) {
      outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1;
      if ("reason" in outcome && reasons.size < REASONS_MAX) reasons.add(outcome.reason);
    }
    return { outcomes, ...(reasons.size === 0 ? {} : { reasons: [...reasons] }) };
  },
};
