import { isName } from "./names.ts";

/** How urgent a device's log line is, in `devices/<id>/log/<level>`. */
export const DEVICE_LOG_LEVELS = ["info", "warn", "error"] as const;
export type DeviceLogLevel = (typeof DEVICE_LOG_LEVELS)[number];

/** A device as its topics name it. */
export interface DeviceAddress {
  /** The first levels of its topics: `devices`, or `losant` for programs made for that platform. */
  prefix: string;
  /** 1 to 64 letters, digits, dots, underscores or hyphens. */
  id: string;
}

/** The topics of one device. */
export interface DeviceTopics {
  state: string;
  command: string;
  ack: string;
  availability: string;
  log: (level: DeviceLogLevel) => string;
}

export function deviceTopics({ prefix, id }: DeviceAddress): DeviceTopics {
  const own = `${prefix}/${id}`;
  return {
    state: `${own}/state`,
    command: `${own}/command`,
    ack: `${own}/command/ack`,
    availability: `${own}/availability`,
    log: (level) => `${own}/log/${level}`,
  };
}

const STATE = "/state";

/** Whose state a topic carries; `null` when it is no state, or not of a device with a sound id. */
export function deviceOfState(topic: string, prefixes: readonly string[]): DeviceAddress | null {
  if (!topic.endsWith(STATE)) return null;
  for (const prefix of prefixes) {
    if (!topic.startsWith(`${prefix}/`)) continue;
    const id = topic.slice(prefix.length + 1, -STATE.length);
    if (isName(id)) return { prefix, id };
  }
  return null;
}
