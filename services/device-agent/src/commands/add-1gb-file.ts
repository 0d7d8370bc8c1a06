import { bytesOf } from "@weir/runtime";
import { z } from "zod";
import type { DeviceCommand } from "./command.ts";

const BYTES_DEFAULT = 1_000_000_000;
const BYTES = /^\s*\d{1,15}\s*$/;
const SIZE = /^\s*\d{1,9}(\.\d{1,3})?\s*(kB|MB|GB|TB|KiB|MiB|GiB|TiB)\s*$/;
const words =
  'it must be left out, or a size in bytes or with a unit: 250000000, "250MB", "1.5GiB"';

const bytes = z
  .union([z.null(), z.int(words).min(1, words), z.string(words).max(32, words)], words)
  .describe('A size in bytes, or with a unit: 250000000, "250MB". 1000 MB unless it is given.')
  .transform((given, context) => {
    if (given === null || given === "") return BYTES_DEFAULT;
    if (typeof given === "number" || BYTES.test(given)) return Number(given);
    if (SIZE.test(given)) return bytesOf(given.replaceAll(/\s/g, ""));
    context.addIssue({ code: "custom", message: words });
    return z.NEVER;
  });

export const command: DeviceCommand<number> = {
  name: "add_1gb_file",
  label: "Add a 1 GB file",
  summary: "Creates a file in the sandbox: 1000 MB, or of the size in the payload.",
  payload: bytes,
  // A memory card may be slow.
  timeoutMs: 600_000,
  run: (payload, { device, signal }) => device.sandbox.allocate(payload, signal),
};
