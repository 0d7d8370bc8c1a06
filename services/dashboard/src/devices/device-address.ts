import { type DeviceAddress, isName } from "@weir/protocol";

/** `devices/kitchen`: what all topics of a device begin with that is addressed as Weir's devices are. */
export function rootOf({ prefix, id }: DeviceAddress): string {
  return `${prefix}/${id}`;
}

/**
 * How a device is addressed that has this topic; `null` where it is not addressed as Weir's devices are.
 *
 * @param prefixes the first levels of the topics of such devices; `+` is any level.
 */
export function addressOf(topic: string, prefixes: readonly string[]): DeviceAddress | null {
  const levels = topic.split("/");
  for (const prefix of prefixes) {
    const wanted = prefix.split("/");
    const id = levels[wanted.length];
    const isInIt = wanted.every((level, at) => level === "+" || level === levels[at]);
    if (isInIt && id !== undefined && levels.length > wanted.length + 1 && isName(id)) {
      return { prefix: levels.slice(0, wanted.length).join("/"), id };
    }
  }
  return null;
}
