import { z } from "zod";
import { Refusal } from "../commands/command.ts";
import type { DeviceConfig } from "../config/configured-device.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { CommandDescription, DeviceControl } from "./control.ts";
import type { DeviceMemory, Remembered } from "./memory.ts";
import type { OpenedSource } from "./open-sources.ts";

/** A day. */
const INTERVAL_MS_MAX = 86_400_000;

export interface ControlOptions {
  config: Pick<DeviceConfig, "address" | "intervalMinMs" | "commands">;
  sources: readonly OpenedSource[];
  reporter: Reporter;
  memory: DeviceMemory;
  sandbox: Sandbox;
  /** Called after something has changed that others were told. */
  onChange: () => void;
  restart: () => void;
}

/** Ties what commands may do to the parts that do it. What cannot be kept fails, and holds until the end of the process. */
export function createControl(options: ControlOptions): DeviceControl {
  const { config, sources, reporter, memory, sandbox, onChange, restart } = options;

  function keep(change: Partial<Remembered>): void {
    memory.keep({ ...memory.recall(), ...change });
    onChange();
  }

  return {
    id: config.address.id,
    intervalMs: reporter.intervalMs,
    intervalMinMs: config.intervalMinMs,
    setIntervalMs: (intervalMs) => {
      checkInterval(intervalMs, config.intervalMinMs);
      reporter.setIntervalMs(intervalMs);
      keep({ intervalMs });
    },
    sources: () =>
      sources.map(({ name, kind, source }) => ({
        name,
        kind,
        isActive: reporter.isActive(name),
        attributes: source.attributes,
      })),
    setActiveSources: (names) => {
      reporter.setActiveSources(names);
      keep({ activeSources: names });
    },
    setDeadband: (attribute, deadband, maxSilenceMs) => {
      reporter.setDeadband(attribute, deadband, maxSilenceMs);
      keep({ rules: reporter.rules() });
    },
    reportNow: reporter.reportNow,
    commands: () => [...config.commands.values()].map(describe),
    sandbox,
    restart,
  };
}

/** What is kept and is none would keep the device from starting again. */
function checkInterval(intervalMs: number, minMs: number): void {
  const isSound =
    Number.isInteger(intervalMs) && intervalMs >= minMs && intervalMs <= INTERVAL_MS_MAX;
  if (isSound) return;
  throw new Refusal(`an interval is whole milliseconds from ${minMs} to ${INTERVAL_MS_MAX}`);
}

function describe({
  name,
  summary,
  payload,
}: {
  name: string;
  summary: string;
  payload: z.ZodType;
}): CommandDescription {
  return {
    name,
    summary,
    payload: z.toJSONSchema(payload, { io: "input", unrepresentable: "any" }),
  };
}
