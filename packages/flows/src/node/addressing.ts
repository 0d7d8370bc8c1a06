import { filterProblem } from "@weir/protocol";
import { z } from "zod";

/** An MQTT topic filter. */
export const topicFilter = z
  .string()
  .max(1_024)
  .superRefine((filter, context) => {
    const problem = filterProblem(filter);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });

/** Some devices, or workflows. */
export const namePattern = z.string().min(1).max(256);

/** Tells whether a text fits a pattern, in any case of letters. `*` stands for any text; none fits everything. */
export function fits(pattern: string | undefined): (text: string) => boolean {
  if (pattern === undefined) return () => true;
  const [first = "", ...others] = pattern.toLowerCase().split("*");
  const last = others.pop();
  return (text) => {
    const lower = text.toLowerCase();
    if (last === undefined) return lower === first;
    if (!lower.startsWith(first)) return false;
    let at = first.length;
    for (const part of others) {
      const found = lower.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return lower.length - last.length >= at && lower.endsWith(last);
  };
}

/** Tells whether a device fits a pattern: by its name, or by its topic. */
export function fitsDevice(
  pattern: string | undefined,
): (heard: { device: string; deviceName: string }) => boolean {
  const isFitting = fits(pattern);
  return ({ device, deviceName }) =>
    isFitting(deviceName) || isFitting(device.slice(device.indexOf(":") + 1));
}
