import { isName, NAME_RULE } from "@weir/protocol";
import { z } from "zod";
import { type Checked, loadModules, thrownText } from "../plugins/load.ts";
import { command as add1gbFile } from "./add-1gb-file.ts";
import { command as changeSendInterval } from "./change-send-interval.ts";
import type { DeviceCommand } from "./command.ts";
import { command as describe } from "./describe.ts";
import { command as reportNow } from "./report-now.ts";
import { command as restart } from "./restart.ts";
import { command as rm1gbFile } from "./rm-1gb-file.ts";
import { command as setDeadband } from "./set-deadband.ts";
import { command as setSource } from "./set-source.ts";

/** Weir's commands. */
export const DEVICE_COMMANDS: readonly DeviceCommand[] = [
  add1gbFile,
  rm1gbFile,
  changeSendInterval,
  setSource,
  setDeadband,
  reportNow,
  describe,
  restart,
];

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
 * Loads the user's own commands: each file of the folder exports one as `command`.
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
    return { kind: "invalid", reason: reasons.join("; ") };
  }
  try {
    // As `describe` does.
    z.toJSONSchema(parsed.data.payload, { io: "input", unrepresentable: "any" });
  } catch (error) {
    const reason = `payload cannot be written as JSON Schema: ${thrownText(error)}`;
    return { kind: "invalid", reason };
  }
  // What `run` takes and returns shows only when it is called.
  return { kind: "valid", loaded: exported as DeviceCommand };
}

function isSchema(given: unknown): boolean {
  return typeof given === "object" && given !== null && "_zod" in given && "safeParse" in given;
}
