import { z } from "zod";

const timeMs = z.number().describe("milliseconds since the epoch, in UTC");

export const alert = z
  .object({
    id: z.int(),
    flow: z.string(),
    node: z.string(),
    key: z.string().describe("the device or series that it is about; may be empty"),
    severity: z.enum(["info", "warning", "critical"]),
    title: z.string(),
    state: z.enum(["new", "acknowledged", "cleared"]),
    raisedMs: timeMs,
    acknowledgedMs: timeMs.nullable(),
    acknowledgedBy: z.string().nullable(),
    clearedMs: timeMs.nullable(),
    clearedBy: z.string().nullable().describe("the workflow, or the user who has cleared it"),
    run: z.int().describe("the run that has raised it"),
  })
  .meta({ id: "Alert" });
export type Alert = z.infer<typeof alert>;

export const alertQuery = z.strictObject({
  state: z.enum(["open", "all"]).default("open").describe("open: new and acknowledged ones"),
  beforeId: z.int().min(1).optional(),
  limit: z.int().min(1).max(500).default(100),
});
export type AlertQuery = z.infer<typeof alertQuery>;
export const openAlerts = z
  .object({ info: z.int(), warning: z.int(), critical: z.int() })
  .describe("how many alerts are new, by severity");
export type OpenAlerts = z.infer<typeof openAlerts>;
export const alerts = z.object({
  alerts: z.array(alert).describe("the newest first"),
  open: openAlerts,
});
export type Alerts = z.infer<typeof alerts>;

export const alertChangeRequest = z.strictObject({ by: z.string().max(200) });
