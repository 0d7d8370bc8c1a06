import { expect } from "@jest/globals";
import { parsePayload } from "../../src/commands/command.ts";
import { DEVICE_COMMANDS } from "../../src/commands/index.ts";
import type { DeviceControl } from "../../src/control/control.ts";
import { type DeviceCommand, Refusal } from "../../src/index.ts";

interface DeviceCalls {
  intervalMs: number;
  active: readonly string[];
  deadbands: unknown[][];
  restarts: number;
}

/** A device that records what commands set; each part may be replaced. */
export function createTestDevice(other: Partial<DeviceControl> = {}): {
  device: DeviceControl;
  calls: DeviceCalls;
} {
  const calls: DeviceCalls = { intervalMs: 10_000, active: ["walk"], deadbands: [], restarts: 0 };
  const attribute = (name: string, unit: string | null) => ({
    name,
    label: name,
    unit,
    range: { min: 0, max: null },
    decimals: 3,
    deviceClass: null,
  });
  const device: DeviceControl = {
    id: "kitchen",
    intervalMs: () => calls.intervalMs,
    intervalMinMs: 1_000,
    setIntervalMs: (intervalMs) => {
      calls.intervalMs = intervalMs;
    },
    sources: () =>
      ["walk", "disk", "cpu"].map((name) => ({
        name,
        kind: name,
        isActive: calls.active.includes(name),
        attributes: [attribute(name, "GB")],
      })),
    setActiveSources: (names) => {
      calls.active = names;
    },
    setDeadband: (...given) => {
      if (given[0] !== "walk") throw new Refusal(`there is no attribute ${given[0]}`);
      calls.deadbands.push(given);
    },
    reportNow: async () => [],
    commands: () => DEVICE_COMMANDS.map(({ name, summary }) => ({ name, summary, payload: {} })),
    sandbox: {
      allocate: async (bytes) => ({ name: "weir-0.out", bytes }),
      removeAll: async () => ({ files: 2, bytes: 30, leftAlone: 1 }),
      usage: async () => ({ files: 2, bytes: 30, quotaBytes: 100 }),
    },
    restart: () => {
      calls.restarts += 1;
    },
    ...other,
  };
  return { device, calls };
}

/** The built-in command of a name. */
export function commandOf(name: string): DeviceCommand {
  const found = DEVICE_COMMANDS.find((command) => command.name === name);
  if (found === undefined) throw new Error(`there is no command ${name}`);
  return found;
}

/** What comes of a command, as the handler goes about it: its result, or why it is rejected. */
export async function give(
  device: DeviceControl,
  name: string,
  payload: unknown = null,
): Promise<unknown> {
  const command = commandOf(name);
  const parsed = parsePayload(command, payload);
  if (parsed.kind === "invalid") return { rejected: parsed.reason };
  try {
    return await command.run(parsed.payload, { device, signal: new AbortController().signal });
  } catch (error) {
    if (error instanceof Refusal) return { rejected: error.message };
    throw error;
  }
}

/** What `give` says of a command that is rejected for this reason. */
export function rejected(reason: RegExp | string): object {
  return { rejected: typeof reason === "string" ? reason : expect.stringMatching(reason) };
}
