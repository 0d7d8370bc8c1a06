import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { cpus, freemem, loadavg, platform, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { Attribute, SourceKind } from "./source.ts";

/** The processors since the machine was started. */
export interface ProcessorTimes {
  idleMs: number;
  totalMs: number;
}

const options = z.strictObject({
  thermalFolder: z
    .string("it must be a path")
    .min(1, "a path has at least one character")
    .default("/sys/class/thermal")
    .describe("Where Linux shows temperatures: thermal_zone0/temp and so on."),
});

/** How busy the machine is. It has only the attributes that its platform reports. */
export const source: SourceKind<z.infer<typeof options>> = {
  name: "system",
  summary: "The machine: processors, memory and load, and its temperature where it has a sensor.",
  options,

  open: ({ thermalFolder }, { base }) => {
    const zones = thermalZones(resolve(base, thermalFolder));
    const attributes = [
      ...(cpus().length > 0 ? [CPU] : []),
      MEMORY,
      // On Windows, Node reports a load of 0.
      ...(platform() === "win32" ? [] : [LOAD]),
      ...(zones.length > 0 ? [TEMPERATURE] : []),
    ];
    let before = processorTimes();
    return {
      attributes,
      read: async (signal) => {
        const now = processorTimes();
        // The first read covers the time since the source was opened.
        const values = {
          [CPU.name]: busyPercent(before, now),
          [MEMORY.name]: 100 * (1 - freemem() / totalmem()),
          [LOAD.name]: loadavg()[0] ?? null,
          [TEMPERATURE.name]: await warmest(zones, signal),
        };
        before = now;
        const measured = attributes.flatMap(({ name, decimals }) => {
          const value = values[name] ?? null;
          return value === null ? [] : [[name, Number(value.toFixed(decimals))] as const];
        });
        return Object.fromEntries(measured);
      },
      [Symbol.dispose]: () => {},
    };
  },
};

const PERCENT = { unit: "%", range: { min: 0, max: 100 }, decimals: 1, deviceClass: null };
const CPU: Attribute = { name: "cpu-percent", label: "Processors busy", ...PERCENT };
const MEMORY: Attribute = { name: "memory-percent", label: "Memory used", ...PERCENT };
const LOAD: Attribute = {
  name: "load-1min",
  label: "Load over 1 minute",
  unit: null,
  range: { min: 0, max: null },
  decimals: 2,
  deviceClass: null,
};
const TEMPERATURE: Attribute = {
  name: "temperature",
  label: "Temperature",
  unit: "°C",
  range: { min: null, max: null },
  decimals: 1,
  deviceClass: "temperature",
};

/** The share of the time between that was not idle; `null` when no time has passed. */
export function busyPercent(before: ProcessorTimes, after: ProcessorTimes): number | null {
  const totalMs = after.totalMs - before.totalMs;
  if (totalMs <= 0) return null;
  // The idle time of a processor can go back a little on Linux.
  return 100 * Math.min(1, Math.max(0, 1 - (after.idleMs - before.idleMs) / totalMs));
}

function processorTimes(): ProcessorTimes {
  const sum = { idleMs: 0, totalMs: 0 };
  for (const { times } of cpus()) {
    sum.idleMs += times.idle;
    sum.totalMs += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return sum;
}

/** The files of the machine's thermal zones; none where there is no such folder. */
function thermalZones(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith("thermal_zone"))
      .map((name) => join(folder, name, "temp"));
  } catch {
    // Not Linux, or a virtual machine: it has no temperature.
    return [];
  }
}

/** In °C; `null` if no zone reports a temperature. */
async function warmest(zones: readonly string[], signal: AbortSignal): Promise<number | null> {
  const temperatures = await Promise.all(zones.map((file) => temperatureOf(file, signal)));
  signal.throwIfAborted();
  const known = temperatures.filter((temperature) => temperature !== null);
  return known.length === 0 ? null : Math.max(...known);
}

async function temperatureOf(file: string, signal: AbortSignal): Promise<number | null> {
  try {
    const text = await readFile(file, { encoding: "utf8", signal });
    // Thousandths of a degree (Documentation/ABI/testing/sysfs-class-thermal of Linux).
    return /^-?\d+\s*$/.test(text) ? Number(text) / 1_000 : null;
  } catch {
    // A zone that is off (a radio) cannot be read; the others can.
    return null;
  }
}
