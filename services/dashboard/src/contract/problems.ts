import { z } from "zod";

/** The body of every answer that is an error: what is wrong with which field, and what to do about it. */
export const problems = z
  .object({
    problems: z.array(
      z.object({
        field: z.string().describe("the parameter, the key of the body, or a word for the whole"),
        value: z
          .unknown()
          .describe("what was given; null where nothing was, or where it is secret"),
        problem: z.string(),
        remedy: z.string(),
      }),
    ),
  })
  .meta({ id: "Problems" });

export type Problems = z.infer<typeof problems>;
