import { alertQuery, pressRequest, runQuery } from "@weir/flows/contract";
import { z } from "zod";

/** A number that comes in an address. */
const given = (max: number) => z.coerce.number().int().min(1).max(max);

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/)
  .describe("a name in a workflow file");

export const fileParameters = z.strictObject({
  file: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .describe("the name of a workflow file without .yaml"),
});
export const flowParameters = z.strictObject({ flow: name });
export const buttonParameters = z.strictObject({ flow: name, node: name });
const id = given(Number.MAX_SAFE_INTEGER);
export const runParameters = z.strictObject({ id });
export const alertParameters = z.strictObject({ id });

/** Who has pressed is who has signed in. */
export const buttonPress = pressRequest.omit({ by: true });

export const runsAsked = runQuery.extend({
  beforeId: id.optional().describe("runs before this one"),
  limit: given(200).default(50),
});
export const alertsAsked = alertQuery.extend({
  beforeId: id.optional().describe("alerts before this one"),
  limit: given(500).default(100),
});
