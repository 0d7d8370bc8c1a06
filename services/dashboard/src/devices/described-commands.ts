import { type CommandAck, isObject } from "@weir/protocol";
import type { DeviceCommands } from "../contract/devices.ts";

type DescribedCommand = DeviceCommands["commands"][number];

/** Commands of a device at most, and characters of a summary. */
const COMMANDS_MAX = 200;
const SUMMARY_LENGTH_MAX = 500;
/** The schema of what is not described: anything. */
const ANYTHING = {};

/** The commands in an answer to `describe`; `null` for another answer. What the device leaves out is not known. */
export function commandsIn({ name, status, result }: CommandAck): DescribedCommand[] | null {
  const isDescription = name === "describe" && status === "done";
  if (!isDescription || !isObject(result) || !Array.isArray(result.commands)) return null;
  return result.commands.slice(0, COMMANDS_MAX).flatMap((one) => describedIn(one) ?? []);
}

function describedIn(one: unknown): DescribedCommand | null {
  // A device with very many shortens its description to their names.
  if (typeof one === "string") return { name: one, summary: "", payload: ANYTHING };
  if (!isObject(one) || typeof one.name !== "string") return null;
  const { name, summary, payload } = one;
  return {
    name,
    summary: typeof summary === "string" ? summary.slice(0, SUMMARY_LENGTH_MAX) : "",
    payload: payload === null ? null : isObject(payload) ? payload : ANYTHING,
  };
}
