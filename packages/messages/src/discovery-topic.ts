import { createHash } from "node:crypto";

/**
 * Where Home Assistant looks for a device: `<prefix>/device/<object id>/config`. It knows letters,
 * digits, underscores and hyphens only, so an id with dots gets a name of its own.
 */
export function discoveryTopic(prefix: string, deviceId: string): string {
  return `${prefix}/device/${objectId(deviceId)}/config`;
}

/** Two devices must not share a topic because one has a dot where the other has an underscore. */
function objectId(id: string): string {
  if (!id.includes(".")) return id;
  const mark = createHash("sha256").update(id).digest("hex").slice(0, 8);
  return `${id.replaceAll(".", "_")}-${mark}`;
}
