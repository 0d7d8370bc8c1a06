import { z } from "zod";
import { timeMs } from "./times.ts";

/** A viewer sees everything. An operator also commands, deletes, and manages users and tokens. */
const role = z.enum(["viewer", "operator"]);
export type Role = z.infer<typeof role>;

export const PASSWORD_LENGTH_MIN = 10;
export const PASSWORD_LENGTH_MAX = 256;

const userName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/)
  .describe("1 to 64 letters, digits, dots, underscores or hyphens");
const newPassword = z.string().min(PASSWORD_LENGTH_MIN).max(PASSWORD_LENGTH_MAX);
const givenPassword = z.string().max(PASSWORD_LENGTH_MAX);

/** Who asks. */
export const session = z
  .object({
    state: z
      .enum(["setup", "signed out", "signed in"])
      .describe("setup: there is no user yet; the first one is made with the code in the log"),
    user: z.object({ name: z.string(), role }).nullable(),
    csrf: z
      .string()
      .nullable()
      .describe(
        "to be sent as x-weir-csrf with each request of this session that changes something",
      ),
  })
  .meta({ id: "Session" });
export type Session = z.infer<typeof session>;

export const setupRequest = z.strictObject({
  code: z.string().max(64).describe("the one-time code in the dashboard's log"),
  name: userName,
  password: newPassword,
});
export const signInRequest = z.strictObject({ name: z.string().max(64), password: givenPassword });
export const passwordRequest = z.strictObject({ current: givenPassword, password: newPassword });

export const user = z.object({ name: z.string(), role, madeMs: timeMs }).meta({ id: "User" });
export type User = z.infer<typeof user>;
export const users = z.object({ users: z.array(user) });
export const userParameters = z.strictObject({ name: z.string().max(64) });
export const userChange = z
  .strictObject({ role: role.optional(), password: newPassword.optional() })
  .describe("what is left out stays as it is; another password ends the user's sessions");
export const userRequest = z.strictObject({ name: userName, password: newPassword, role });

const token = z
  .object({
    id: z.string(),
    name: z.string(),
    role,
    madeMs: timeMs,
    usedMs: timeMs.nullable(),
  })
  .meta({ id: "Token" });
export type Token = z.infer<typeof token>;
export const tokens = z.object({ tokens: z.array(token) });
export const tokenParameters = z.strictObject({ id: z.string().max(64) });
export const tokenRequest = z.strictObject({ name: z.string().min(1).max(64), role });
export const newToken = token.extend({
  secret: z.string().describe("for Authorization: Bearer; it is shown this once"),
});
export type NewToken = z.infer<typeof newToken>;
