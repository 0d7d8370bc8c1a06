import { topicProblem } from "@weir/messages";
import { z } from "zod";

/** What sources, attributes, commands and devices may be called; `isName` as a pattern, for editors. */
const NAME_RULE = "a name is 1 to 64 letters, digits, dots, underscores or hyphens";
export const name: z.ZodString = z.string(NAME_RULE).regex(/^[A-Za-z0-9._-]{1,64}$/, NAME_RULE);

export const path: z.ZodString = z
  .string("it must be a path")
  .min(1, "a path has at least one character");

/** The first level of topics, or the first few. */
export const topicStart: z.ZodString = z.string("it must be text").superRefine((text, context) => {
  const problem = topicStartProblem(text);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

/** `null`, or what keeps a text from being what topics begin with. */
export function topicStartProblem(text: string): string | null {
  return text.split("/").includes("") ? "it has an empty level" : topicProblem(text);
}
