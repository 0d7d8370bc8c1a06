import type { PublishOptions } from "./message.ts";

/** Tells everybody whether this client is there: `online` as its birth, `offline` as its will or its goodbye. */
export interface Availability {
  /** Where it is told, as a retained message. */
  topic: string;
}

export const ONLINE = "online";
export const OFFLINE = "offline";
export const AVAILABILITY_OPTIONS = { qos: 1, retain: true } as const satisfies PublishOptions;

/** What the broker publishes when the connection ends without a goodbye [MQTT-3.1.2-8]. */
export interface Will {
  topic: string;
  payload: string;
  qos: 0 | 1;
  retain: boolean;
}

export function willOf({ topic }: Availability): Will {
  return { topic, payload: OFFLINE, ...AVAILABILITY_OPTIONS };
}
