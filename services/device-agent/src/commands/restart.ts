import { type DeviceCommand, noPayload } from "./command.ts";

export const command: DeviceCommand = {
  name: "restart",
  summary: "Stops the device agent in an orderly way; its supervisor starts it again.",
  payload: noPayload,
  endsProcess: true,
  run: async (_payload, { device }) => device.restart(),
};
