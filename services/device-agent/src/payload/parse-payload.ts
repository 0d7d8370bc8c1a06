import type { z } from "zod";
import type { DeviceCommand } from "../commands/command.ts";
import { formProblem } from "./form.ts";
import { problemsOf, wordsFor } from "./issues.ts";

const PROBLEMS_SHOWN_MAX = 5;
const REASON_CHARACTERS_MAX = 1_000;

/** Reads the payload of a command, which may come from anyone. Never throws. */
export function parsePayload<P>(
  command: DeviceCommand<P>,
  payload: unknown,
): { kind: "sound"; payload: P } | { kind: "unsound"; reason: string } {
  const problem = formProblem(payload);
  if (problem !== null) return unsound(problem);
  const parsed = checked(command, payload);
  if (parsed instanceof Error) return unsound(`payload: its check failed: ${parsed.message}`);
  if (parsed.success) return { kind: "sound", payload: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, payload));
  return unsound(problems.slice(0, PROBLEMS_SHOWN_MAX).join("; also "));
}

/** A check of the user's own making may throw, or want to be waited for. That is no reason to end. */
function checked<P>(command: DeviceCommand<P>, payload: unknown): z.ZodSafeParseResult<P> | Error {
  try {
    return command.payload.safeParse(payload, { error: wordsFor });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function unsound(reason: string): { kind: "unsound"; reason: string } {
  return { kind: "unsound", reason: reason.slice(0, REASON_CHARACTERS_MAX) };
}
