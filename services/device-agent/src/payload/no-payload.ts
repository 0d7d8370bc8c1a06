import { z } from "zod";

/** For commands that are told nothing. Buttons of dashboards send one of these. */
export const noPayload: z.ZodType<unknown> = z
  .union(
    [z.null(), z.literal(""), z.strictObject({})],
    "it must be left out: the command is told nothing",
  )
  .describe("Nothing.");
