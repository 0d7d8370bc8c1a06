import { z } from "zod";
import { RESULT_BYTES_MAX } from "../command-life/admission.ts";
import type { DeviceControl } from "../device/control.ts";
import { shown } from "../payload/payload.ts";
import { type DeviceCommand, Refusal } from "./command.ts";

const NAMES_MAX = 50;
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

interface Named {
  name: string;
}

/** What is told of a device. Its lists are shortened when it would be too long. */
interface Description {
  id: string;
  intervalSeconds: number;
  intervalMinSeconds: number;
  sandbox: object;
  sources: readonly (Named & { attributes: readonly (Named & { unit: string | null })[] })[];
  commands: readonly (Named & { payload: object })[];
}

/** The first of several ever shorter descriptions that an ack can tell; `shortened` says what is not in it. */
function fitDescription(full: Description): object {
  const small = { ...full, sources: full.sources.map(withShortAttributes) };
  const smaller = { ...small, commands: full.commands.map(({ payload: _, ...rest }) => rest) };
  const names = { ...full, sources: namesOf(full.sources), commands: namesOf(full.commands) };
  const candidates = [
    full,
    { ...small, shortened: "attributes" },
    { ...smaller, shortened: "attributes, payloads" },
    { ...names, shortened: "everything but names; give one of them to read more" },
  ];
  return candidates.find(fits) ?? fewest(names, full);
}

/** So few that they always fit: a name has 64 letters at most. */
function fewest(
  names: { sources: readonly string[]; commands: readonly string[] },
  full: Description,
): object {
  return {
    ...names,
    sources: names.sources.slice(0, NAMES_MAX),
    commands: names.commands.slice(0, NAMES_MAX),
    shortened: `the first ${NAMES_MAX} names of ${full.sources.length} sources and ${full.commands.length} commands`,
  };
}

function fits(description: object): boolean {
  return Buffer.byteLength(JSON.stringify(description)) <= RESULT_BYTES_MAX;
}

function withShortAttributes(source: Description["sources"][number]): object {
  return { ...source, attributes: source.attributes.map(({ name, unit }) => ({ name, unit })) };
}

function namesOf(list: readonly Named[]): string[] {
  return list.map(({ name }) => name);
}
