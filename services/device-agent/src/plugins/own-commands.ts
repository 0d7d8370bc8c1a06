import { isName, NAME_RULE } from "@weir/protocol";
import { z } from "zod";
import type { DeviceCommand } from "../commands/command.ts";
import { DEVICE_COMMANDS } from "../commands/index.ts";
import { type Checked, loadModules, thrownText } from "./load.ts";

const TIMEOUT_MS_MAX = 86_400_000;

const shape = z.looseObject({
  name: z.string("name must be text").refine(isName, `name must be ${NAME_RULE}`),
  label: z
    .string("label must be text")
    .min(1, "label must not be empty")
    .max(64, "label must have at most 64 characters")
    .optional(),
  summary: z
    .string("summary must be a sentence")
    .min(1, "summary must not be empty")
    .max(200, "summary must have at most 200 characters"),
  payload: z.custom<z.ZodType>(
    isSchema,
    "payload must be a schema of zod 4: z.null(), z.object(…)",
  ),
  timeoutMs: z
    .int("timeoutMs must be a whole number of milliseconds")
    .min(1, "timeoutMs must be at least 1")
    .max(TIMEOUT_MS_MAX, `timeoutMs must be at most ${TIMEOUT_MS_MAX}`)
    .optional(),
  endsProcess: z.boolean("endsProcess must be true or false").optional(),
  run: z.custom((run) => typeof run === "function", "run must be a function"),
});

/**
 * Loads a user's own commands: each file of the folder exports one by the name `command`.
 *
 * @throws Fault that names each file that cannot be used, and why.
 */
export function loadCommands(folder: string): DeviceCommand[] {
  const taken = DEVICE_COMMANDS.map(({ name }) => name);
  return loadModules(folder, { exportName: "command", taken, check });
}

function check(exported: unknown): Checked<DeviceCommand> {
  const parsed = shape.safeParse(exported);
  if (!parsed.success) {
    const reasons = parsed.error.issues.map(({ path, message }) =>
      path.length === 0 ? "command must be an object" : message,
    );
    return { kind: "unsound", reason: reasons.join("; ") };
  }
  const problem = schemaProblem(parsed.data.payload);
  if (problem !== null) return { kind: "unsound", reason: problem };
  // Its parts have just been looked at; what `run` takes and returns shows when it is called.
  return { kind: "sound", loaded: exported as DeviceCommand };
}

function isSchema(given: unknown): boolean {
  return typeof given === "object" && given !== null && "_zod" in given && "safeParse" in given;
}

/** `describe` shows each payload, so it must be one that can be shown. */
function schemaProblem(payload: z.ZodType): string | null {
  try {
    z.toJSONSchema(payload, { io: "input", unrepresentable: "any" });
    return null;
  } catch (error) {
    return `payload cannot be written as JSON Schema: ${thrownText(error)}`;
  }
}
