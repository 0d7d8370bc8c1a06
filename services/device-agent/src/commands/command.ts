import { isName } from "@weir/protocol";
import { formProblems, issueWords, type Problem, valueAt } from "@weir/runtime";
import { z } from "zod";
import type { DeviceControl } from "../control/control.ts";
import { abandonPromises, thrownText } from "../plugins/load.ts";

/** A command. Each file of this folder, and each plugin, exports one as `command`. */
export interface DeviceCommand<P = unknown> {
  /** Its name in a request: `change_send_interval`. */
  name: string;
  /** One sentence, for people and for `describe`. */
  summary: string;
  /** The label of its button in Home Assistant. Default: its name in words. */
  label?: string;
  /** The schema of its payload; `describe` shows it as JSON Schema. */
  payload: z.ZodType<P>;
  /** How long it may take, in milliseconds. Default 60 s. */
  timeoutMs?: number;
  /** It ends the process, and is done when the next one starts. Only `restart` does. */
  endsProcess?: boolean;
  /**
   * Executes it.
   *
   * @returns the `result` of the ack: anything that JSON can hold, at most 16 KiB.
   * @throws Refusal for the status `rejected`; anything else is `failed`, with its message.
   */
  run(payload: P, context: CommandContext): Promise<unknown>;
}

export interface CommandContext {
  device: DeviceControl;
  /** Aborted when it takes too long, and when the process stops. */
  signal: AbortSignal;
}

/** The largest result of an ack, in bytes of JSON. A larger one is left out. */
export const RESULT_BYTES_MAX = 16_384;

const PROBLEMS_SHOWN_MAX = 5;
const REASON_CHARACTERS_MAX = 1_000;

/** Parses the payload of a command, which anyone may have sent. Never throws. */
export function parsePayload<P>(
  command: DeviceCommand<P>,
  payload: unknown,
): { kind: "valid"; payload: P } | { kind: "invalid"; reason: string } {
  const problem = formProblem(payload);
  if (problem !== null) return invalid(problem);
  try {
    const parsed = abandonPromises(() => command.payload.safeParse(payload, { error: issueWords }));
    if (parsed.success) return { kind: "valid", payload: parsed.data };
    const problems = formProblems(parsed.error.issues, { schema: command.payload });
    const lines = problems
      .slice(0, PROBLEMS_SHOWN_MAX)
      .map((problem) => describe(problem, payload));
    return invalid(lines.join("; also "));
  } catch (error) {
    // The schema of a plugin may throw, or report malformed issues.
    const reason =
      error instanceof z.core.$ZodAsyncError
        ? "it returns a Promise; a check must be synchronous"
        : thrownText(error);
    return invalid(`payload: its check failed: ${reason}`);
  }
}

function invalid(reason: string): { kind: "invalid"; reason: string } {
  return { kind: "invalid", reason: reason.slice(0, REASON_CHARACTERS_MAX) };
}

const CHARACTERS_MAX = 16_384;
const DEPTH_MAX = 16;
const VALUES_MAX = 4_096;

/** Why no command takes this payload, whatever its schema; `null` if the schema decides. */
function formProblem(payload: unknown): string | null {
  let values = 0;
  let characters = 0;

  function problemIn(value: unknown, depth: number): string | null {
    // The limits also end the recursion: a deep payload cannot exhaust the stack.
    if (depth > DEPTH_MAX) return `payload: it has more than ${DEPTH_MAX} levels`;
    values += 1;
    if (values > VALUES_MAX) return `payload: it has more than ${VALUES_MAX} values`;
    if (typeof value === "string") return textProblem(value);
    if (typeof value !== "object" || value === null) return null;
    for (const [key, inner] of Object.entries(value)) {
      const problem =
        (Array.isArray(value) ? null : keyProblem(key)) ?? problemIn(inner, depth + 1);
      if (problem !== null) return problem;
    }
    return null;
  }

  function keyProblem(key: string): string | null {
    return key === "__proto__" ? "payload: __proto__ is not allowed as a key" : textProblem(key);
  }

  function textProblem(text: string): string | null {
    characters += text.length;
    if (characters > CHARACTERS_MAX) {
      return `payload: it has more than ${CHARACTERS_MAX} characters`;
    }
    return text.includes("\0") ? "payload: it contains a NUL character" : null;
  }

  return problemIn(payload, 0);
}

/** For commands without a payload. Buttons of dashboards send one of these. */
export const noPayload: z.ZodType<unknown> = z
  .union(
    [z.null(), z.literal(""), z.strictObject({})],
    "it must be left out: the command takes no payload",
  )
  .describe("Nothing.");

/** A problem in one line: place, value, what is allowed. */
function describe({ path, words }: Problem, payload: unknown): string {
  // Quoted: a key of the sender must not look like a part of the message.
  const keys = path.map((key) => (isName(key) ? key : shown(key)));
  const place = ["payload", ...keys].join(".");
  const value = valueAt(payload, path);
  return value === undefined
    ? `${place}: ${words}`
    : `${place}: ${shown(value)} is not allowed; ${words}`;
}

const SHOWN_CHARACTERS_MAX = 80;

/** A value as a message quotes it: as JSON, shortened. */
export function shown(value: unknown): string {
  // JSON cannot write NaN and Infinity.
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing");
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
