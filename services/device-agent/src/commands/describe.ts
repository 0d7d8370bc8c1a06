import { z } from "zod";
import type { DeviceControl } from "../device/control.ts";
import { type DeviceCommand, Refusal } from "./command.ts";
import { fitDescription } from "./fit-description.ts";
import { shown } from "./payload-issues.ts";

const words = "it must be left out, or the name of a command or a source";

export const command: DeviceCommand<string | null> = {
  name: "describe",
  summary: "Tells what the device measures and obeys; of one command or source with its name.",
  payload: z
    .union([z.null(), z.string().max(64), z.strictObject({}).transform(() => null)], words)
    .describe("Nothing, or the name of a command or a source."),
  run: async (payload, { device }) =>
    payload === null || payload === "" ? describeAll(device) : describeOne(device, payload),
};

async function describeAll(device: DeviceControl): Promise<object> {
  return fitDescription({
    id: device.id,
    intervalSeconds: device.intervalMs() / 1_000,
    intervalMinSeconds: device.intervalMinMs / 1_000,
    sandbox: await device.sandbox.usage(),
    sources: device.sources(),
    commands: device.commands(),
  });
}

function describeOne(device: DeviceControl, name: string): object {
  const isNamed = (one: { name: string }): boolean => one.name === name;
  const command = device.commands().find(isNamed);
  const source = device.sources().find(isNamed);
  if (command === undefined && source === undefined) {
    throw new Refusal(`payload: ${shown(name)} is neither a command nor a source of this device`);
  }
  return { ...(command && { command }), ...(source && { source }) };
}
