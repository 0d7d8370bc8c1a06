import { formProblems, issueWords, RequestFault, valueAt } from "@weir/runtime";
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";

/** What was given comes back in a problem; a text of it is cut. */
const VALUE_LENGTH_MAX = 200;
/** Fields whose values never come back. */
const SECRETS: ReadonlySet<string> = new Set(["password", "current", "code"]);

/** Holds what a request gives to the schemas of its route. What is wrong becomes a RequestFault with every problem. */
export const checkForm: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart = "body" }) => {
  const whole = httpPart === "querystring" ? "query" : httpPart;
  return (given) => {
    const parsed = schema.safeParse(given, { error: issueWords });
    if (parsed.success) return { value: parsed.data };
    const problems = formProblems(parsed.error.issues, { schema }).map(({ path, words }) => ({
      field: shortened(path.join(".")) || whole,
      value: shownAt(given, path),
      problem: words,
      remedy: "Correct it, and send the request again: nothing was done.",
    }));
    return { error: new RequestFault(400, problems) };
  };
};

/** What was given at a path; `null` where nothing was, where it is secret, and for what has parts. */
function shownAt(given: unknown, path: readonly string[]): unknown {
  if (path.some((key) => SECRETS.has(key))) return null;
  // A parameter that is given once is a list of one.
  const value = valueAt(given, path) ?? valueAt(given, path.slice(0, -1)) ?? null;
  if (typeof value === "string") return shortened(value);
  return typeof value === "object" ? null : value;
}

/** A text that was given, in an answer. */
export function shortened(text: string): string {
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
}
