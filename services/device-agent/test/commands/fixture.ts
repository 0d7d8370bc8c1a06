import { expect } from "@jest/globals";
import type { DeviceCommand } from "../../src/commands/command.ts";
import { parsePayload } from "../../src/commands/command.ts";
import { DEVICE_COMMANDS } from "../../src/commands/index.ts";
import { createControl, type DeviceControl, memoryInProcess } from "../../src/control/control.ts";
import { Refusal } from "../../src/control/sandbox.ts";
import { createBench, createTestSource } from "../report/fixture.ts";

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
  const sources = ["walk", "disk", "cpu"].map((name) => ({
    ...createTestSource(name, { isActive: name === "walk" }),
    kind: name,
  }));
  const { reporter } = createBench(sources);
  const calls: DeviceCalls = {
    get intervalMs() {
      return reporter.intervalMs;
    },
    get active() {
      return sources.map(({ name }) => name).filter((name) => reporter.isActive(name));
    },
    deadbands: [],
    restarts: 0,
  };
  const control = createControl({
    id: "kitchen",
    intervalMinMs: 1_000,
    commands: new Map(DEVICE_COMMANDS.map((command) => [command.name, command])),
    sources,
    reporter,
    memory: memoryInProcess(),
    sandbox: {
      allocate: async (bytes) => ({ name: "weir-0.out", bytes }),
      removeAll: async () => ({ files: 2, bytes: 30, leftAlone: 1 }),
      usage: async () => ({ files: 2, bytes: 30, quotaBytes: 100 }),
    },
    onChange: () => {},
    restart: () => {
      calls.restarts += 1;
    },
  });
  const device: DeviceControl = {
    ...control,
    setDeadband: (...given) => {
      control.setDeadband(...given);
      calls.deadbands.push(given);
    },
    reportNow: async () => [],
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
