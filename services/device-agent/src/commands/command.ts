import type { z } from "zod";
import type { DeviceControl } from "../device/control.ts";

/** Something that a device does when it is told to, as a file of this folder (or of the user's own) exports it by the name `command`. */
export interface DeviceCommand<P = unknown> {
  /** The word that it is called by: `change_send_interval`. */
  name: string;
  /** One sentence, for people and for `describe`. */
  summary: string;
  /** What a button of Home Assistant is called. Default its name in words. */
  label?: string;
  /** What its payload must be; `describe` shows it as JSON Schema. */
  payload: z.ZodType<P>;
  /** How long it may take, in milliseconds. Default 60 s. */
  timeoutMs?: number;
  /** It ends the process, and is done when the next one starts: only `restart` is so. */
  endsProcess?: boolean;
  /**
   * Does it, and returns what the ack tells as `result` (anything that JSON can say, at most 16 KiB).
   *
   * @throws Refusal to be told as `rejected`; anything else is told as `failed`, with its message.
   */
  run(payload: P, context: CommandContext): Promise<unknown>;
}

export interface CommandContext {
  device: DeviceControl;
  /** Ends it when it takes too long, and when the process stops. */
  signal: AbortSignal;
}

/** What a command throws when it is not to be obeyed, and nothing was done: out of bounds, no room. */
export class Refusal extends Error {}
