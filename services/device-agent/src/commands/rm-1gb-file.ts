import { type DeviceCommand, noPayload } from "./command.ts";

export const command: DeviceCommand = {
  name: "rm_1gb_file",
  label: "Remove the 1 GB files",
  summary: "Removes the files that add_1gb_file has created, and no others.",
  payload: noPayload,
  run: (_payload, { device }) => device.sandbox.removeAll(),
};
