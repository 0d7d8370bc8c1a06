import type { z } from "zod";
import type { DeviceControl } from "../control/control.ts";

/** A command. Each file of this folder, and each plugin, exports one as `command`. */
export interface DeviceCommand<P = unknown> {
  /** Its name in a request: `change_send_interval`. */
  name: string;
  /** One sentence, for people and for `describe`. */
  summary: string;
  /** The label of its button in Home Assistant. Default: its name in words. */
  label?: string;
  /** The schema of its payload; `describe` shows it as JSON Schema. */
  payload: z.ZodType<P>;
  /** How long it may take, in milliseconds. Default 60 s. */
  timeoutMs?: number;
  /** It ends the process, and is done when the next one starts. Only `restart` does. */
  endsProcess?: boolean;
  /**
   * Executes it.
   *
   * @returns the `result` of the ack: anything that JSON can hold, at most 16 KiB.
   * @throws Refusal for the status `rejected`; anything else is `failed`, with its message.
   */
  run(payload: P, context: CommandContext): Promise<unknown>;
}

export interface CommandContext {
  device: DeviceControl;
  /** Aborted when it takes too long, and when the process stops. */
  signal: AbortSignal;
}

/** The largest result of an ack, in bytes of JSON. A larger one is left out. */
export const RESULT_BYTES_MAX = 16_384;
