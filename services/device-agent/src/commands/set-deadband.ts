import { type DeadbandPayload, deadbandPayload } from "../payload/deadband-payload.ts";
import type { DeviceCommand } from "./command.ts";

export const command: DeviceCommand<DeadbandPayload> = {
  name: "set_deadband",
  summary: "Sets how much a value must change to be reported, and how long it may be silent.",
  payload: deadbandPayload,
  run: async ({ attribute, deadband, maxSilenceMs }, { device }) => {
    device.setDeadband(attribute, deadband, maxSilenceMs);
    return {
      attribute,
      ...shownDeadband(deadband),
      ...(maxSilenceMs === undefined ? {} : { maxSilenceSeconds: maxSilenceMs / 1_000 }),
    };
  },
};

/** In the words of the payload. */
function shownDeadband(deadband: DeadbandPayload["deadband"]): object {
  if (deadband === null) return { none: true };
  return deadband.kind === "absolute" ? { absolute: deadband.width } : { relative: deadband.share };
}
