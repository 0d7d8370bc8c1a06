import { isName, NAME_RESERVED, NAME_RULE, topicProblem } from "@weir/messages";
import { z } from "zod";

const RULE = `a name is ${NAME_RULE}`;
/** What sources, attributes, commands and devices may be called. The pattern is for editors. */
export const name: z.ZodString = z
  .string(RULE)
  .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: RULE, abort: true })
  .refine(isName, NAME_RESERVED);

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
