import { z } from "zod";
import type { DeviceCommand } from "../commands/command.ts";
import { abandonPromises } from "../own-modules/abandon-promises.ts";
import { thrownText } from "../own-modules/thrown.ts";
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
  try {
    const parsed = abandonPromises(() => command.payload.safeParse(payload, { error: wordsFor }));
    if (parsed.success) return { kind: "sound", payload: parsed.data };
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, payload));
    return unsound(problems.slice(0, PROBLEMS_SHOWN_MAX).join("; also "));
  } catch (error) {
    // A check of the user's own making may throw, or tell of problems that are none. That is no reason to end.
    return unsound(`payload: its check failed: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof z.core.$ZodAsyncError
    ? "it returns a Promise, and nobody waits for that"
    : thrownText(error);
}

function unsound(reason: string): { kind: "unsound"; reason: string } {
  return { kind: "unsound", reason: reason.slice(0, REASON_CHARACTERS_MAX) };
}
