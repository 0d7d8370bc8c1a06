import type { Outcome } from "@weir/delivery";
import { z } from "zod";
import { Refusal } from "../commands/command.ts";
import type { DeviceConfig } from "../config/device-config.ts";
import type { Deadband } from "../report/deadband.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Attribute } from "../sources/source.ts";
import type { OpenedSource } from "./device.ts";
import type { DeviceMemory, Remembered } from "./memory.ts";

/** A command, as `describe` and Home Assistant show it. */
export interface CommandDescription {
  name: string;
  summary: string;
  /** JSON Schema of its payload. */
  payload: object;
}

/** A source, as `describe` and Home Assistant show it. */
export interface SourceDescription {
  name: string;
  kind: string;
  isActive: boolean;
  attributes: readonly Attribute[];
}

/** What commands may do with their device. Everything that they set survives a restart. */
export interface DeviceControl {
  id: string;
  /** Between two reports, in milliseconds. */
  intervalMs(): number;
  intervalMinMs: number;
  /** Holds from now on: a timer that runs is set anew. @throws Refusal out of bounds. @throws when it cannot be kept. */
  setIntervalMs(intervalMs: number): void;
  sources(): readonly SourceDescription[];
  /** Reports these from now on, and no others. @throws Refusal for none, and for a name that is not configured. */
  setActiveSources(names: readonly string[]): void;
  /** `null` for none; `maxSilenceMs` as it was where it is left out. @throws Refusal for an attribute that there is not, or a rule that is none. */
  setDeadband(attribute: string, deadband: Deadband | null, maxSilenceMs?: number): void;
  /** Measures and reports everything now, whatever the deadbands say. */
  reportNow(): Promise<readonly Outcome[]>;
  commands(): readonly CommandDescription[];
  sandbox: Sandbox;
  /** Ends the process in an orderly way; who started it starts it again. */
  restart(): void;
}

/** A day. */
const INTERVAL_MS_MAX = 86_400_000;

interface ControlOptions {
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
