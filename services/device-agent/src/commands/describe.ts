import { z } from "zod";
import type { DeviceControl } from "../control/control.ts";
import { Refusal } from "../control/sandbox.ts";
import { type DeviceCommand, RESULT_BYTES_MAX, shown } from "./command.ts";

const NAMES_MAX = 50;
const words = "it must be left out, or the name of a command or a source";

export const command: DeviceCommand<string | null> = {
  name: "describe",
  summary:
    "Describes what the device measures and executes, or the one command or source that the payload names.",
  payload: z
    .union([z.null(), z.string().max(64), z.strictObject({}).transform(() => null)], words)
    .describe("Nothing, or the name of a command or a source."),
  run: async (payload, { device }) =>
    payload === null || payload === "" ? await describeAll(device) : describeOne(device, payload),
};

function describeOne(device: DeviceControl, name: string): object {
  const isNamed = (one: { name: string }): boolean => one.name === name;
  const command = device.commands().find(isNamed);
  const source = device.sources().find(isNamed);
  if (command === undefined && source === undefined) {
    throw new Refusal(`payload: ${shown(name)} is neither a command nor a source of this device`);
  }
  return { ...(command && { command }), ...(source && { source }) };
}

/** The longest of several descriptions that fits into an ack; `shortened` says what it leaves out. */
async function describeAll(device: DeviceControl): Promise<object> {
  const full = {
    id: device.id,
    intervalSeconds: device.intervalMs() / 1_000,
    intervalMinSeconds: device.intervalMinMs / 1_000,
    sandbox: await device.sandbox.usage(),
    sources: device.sources(),
    commands: device.commands(),
  };
  const sources = full.sources.map(({ attributes, ...source }) => ({
    ...source,
    attributes: attributes.map(({ name, unit }) => ({ name, unit })),
  }));
  const commands = full.commands.map(({ payload: _, ...rest }) => rest);
  const names = {
    sources: full.sources.map(({ name }) => name),
    commands: full.commands.map(({ name }) => name),
  };
  const candidates = [
    full,
    { ...full, sources, shortened: "attributes" },
    { ...full, sources, commands, shortened: "attributes, payloads" },
    { ...full, ...names, shortened: "everything but names; give one of them to read more" },
  ];
  // A name has 64 letters at most, so the last resort always fits.
  return (
    candidates.find(fits) ?? {
      ...full,
      sources: names.sources.slice(0, NAMES_MAX),
      commands: names.commands.slice(0, NAMES_MAX),
      shortened: `the first ${NAMES_MAX} names of ${names.sources.length} sources and ${names.commands.length} commands`,
    }
  );
}

function fits(description: object): boolean {
  return Buffer.byteLength(JSON.stringify(description)) <= RESULT_BYTES_MAX;
}
