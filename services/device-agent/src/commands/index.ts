import { isName, NAME_RULE } from "@weir/protocol";
import { z } from "zod";
import { loadPlugins, thrownText } from "../plugins/load.ts";
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
const NAME = `it must be ${NAME_RULE}`;

const shape = z.looseObject(
  {
    name: z.string(NAME).refine(isName, NAME),
    label: z
      .string("it must be text")
      .min(1, "it must not be empty")
      .max(64, "it must have at most 64 characters")
      .optional(),
    summary: z
      .string("it must be a sentence")
      .min(1, "it must not be empty")
      .max(200, "it must have at most 200 characters"),
    payload: z
      .custom<z.ZodType>(isSchema, {
        error: "it must be a schema of zod 4: z.null(), z.object(…)",
        abort: true,
      })
      .superRefine((schema, context) => {
        try {
          // As `describe` does.
          z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
        } catch (error) {
          context.addIssue(`it cannot be written as JSON Schema: ${thrownText(error)}`);
        }
      }),
    timeoutMs: z
      .int("it must be a whole number of milliseconds")
      .min(1, "it must be at least 1")
      .max(TIMEOUT_MS_MAX, `it must be at most ${TIMEOUT_MS_MAX}`)
      .optional(),
    endsProcess: z.boolean("it must be true or false").optional(),
    run: z.custom((run) => typeof run === "function", "it must be a function"),
  },
  "it must be an object",
);

function isSchema(given: unknown): boolean {
  return typeof given === "object" && given !== null && "_zod" in given && "safeParse" in given;
}

/**
 * Loads the user's own commands: each file of the folder exports one as `command`. What `run` takes and returns
 * shows only when it is called.
 *
 * @throws Fault that names each file that cannot be used, and why.
 */
export function loadCommands(folder: string): DeviceCommand[] {
  const taken = DEVICE_COMMANDS.map(({ name }) => name);
  const plugins = loadPlugins<DeviceCommand>(folder, { exportName: "command", shape, taken });
  return plugins.map(({ exported }) => exported);
}
