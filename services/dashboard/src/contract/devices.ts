import { z } from "zod";
import { explained, series } from "./series.ts";
import { timeMs } from "./times.ts";

/** online, offline: it says so itself (birth and will). heard, silent: by what arrives and how often. */
const DEVICE_STATES = ["online", "offline", "heard", "silent"] as const;

/** A device, found by what it publishes. */
export const device = z
  .object({
    id: z.string(),
    name: z.string(),
    streams: z.array(z.string()),
    topics: z.array(z.string()).describe("of its series; 20 at most"),
    state: z.enum(DEVICE_STATES),
    sinceMs: timeMs.nullable().describe("since when it is online or offline; null: not known"),
    heardMs: timeMs.describe("when its newest message arrived"),
    isCommandable: z.boolean().describe("whether it is addressed as Weir's devices are"),
    seriesCount: z.int(),
    values: z.array(series).describe("what a card shows: 4 at most, the most telling first"),
  })
  .meta({ id: "Device" });
export type Device = z.infer<typeof device>;

export const devicesQuery = z.strictObject({
  text: z.string().max(256).optional(),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const devicesPage = z.object({
  total: z.int(),
  devices: z.array(device),
});

export const deviceParameters = z.strictObject({ id: z.string().min(1).max(2_048) });
export const newestQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(100),
});

export const logEntry = z.object({
  atMs: timeMs,
  level: z.enum(["info", "warn", "error"]),
  message: z.string(),
});
export type LogEntry = z.infer<typeof logEntry>;
export const deviceLog = z.object({ entries: z.array(logEntry).describe("the newest first") });

/** A beginning or an end of a connection. */
export const connectionEvent = z
  .object({
    atMs: timeMs,
    event: z.enum(["connected", "disconnected", "online", "offline"]),
    reason: z.string().nullable().describe("in words; null: not known"),
    session: z
      .enum(["kept", "new"])
      .nullable()
      .describe("whether the client asked to keep its session"),
    clientId: z.string().nullable(),
    address: z.string().nullable(),
  })
  .meta({ id: "ConnectionEvent" });
export type ConnectionEvent = z.infer<typeof connectionEvent>;
export const connections = z.object({
  source: z
    .enum(["broker's log", "birth and will"])
    .describe(
      "birth and will: what the device says of itself, where the broker tells nothing of its connections",
    ),
  entries: z.array(connectionEvent).describe("the newest first"),
});

export const states = z.object({ states: z.array(explained).describe("the newest first") });

const ack = z.object({
  status: z.string(),
  atMs: timeMs.describe("by the device's clock"),
  receivedMs: timeMs,
  result: z.unknown().optional(),
  error: z.string().optional(),
});

/** A command and what became of it so far. */
export const commandLife = z
  .object({
    id: z.string(),
    device: z.string(),
    name: z.string(),
    payload: z.unknown().optional(),
    by: z.string().nullable().describe("the user who sent it; null: another program did"),
    sentMs: timeMs,
    expiresMs: timeMs.nullable(),
    acks: z.array(ack).describe("in the order in which they came"),
    outcome: z
      .enum(["done", "failed", "expired", "duplicate", "rejected", "unknown", "no answer"])
      .nullable()
      .describe("null: it goes on"),
  })
  .meta({ id: "Command" });
export type CommandLife = z.infer<typeof commandLife>;

export const deviceCommands = z.object({
  describedMs: timeMs.nullable().describe("when the device described its commands; null: not yet"),
  commands: z.array(
    z.object({
      name: z.string(),
      summary: z.string(),
      payload: z
        .record(z.string(), z.unknown())
        .nullable()
        .describe("JSON Schema; null: it takes none"),
    }),
  ),
  recent: z.array(commandLife).describe("the newest first"),
});

export type DeviceCommands = z.infer<typeof deviceCommands>;

export const commandRequest = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  payload: z.unknown().optional(),
  timeoutMs: z.int().min(1_000).max(604_800_000).default(60_000),
});
export const commandParameters = deviceParameters.extend({ command: z.string().max(64) });
export const commandQuery = z.strictObject({
  waitMs: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(0)
    .describe("answer when it has ended, or after this time"),
});
