import { noPayload } from "../payload/payload.ts";
import type { DeviceCommand } from "./command.ts";

export const command: DeviceCommand = {
  name: "restart",
  summary: "Ends the device agent in an orderly way; what started it starts it again.",
  payload: noPayload,
  endsProcess: true,
  run: async (_payload, { device }) => device.restart(),
};
