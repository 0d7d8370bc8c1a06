import { codeOf } from "./outage.ts";

/** MQTT 5's reason codes from here on say that something has failed [MQTT-2.4]. */
const REFUSED_FROM = 0x80;

/** Whether the broker has answered that it will not have a message. After any other error nobody knows what became of it. */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return typeof code === "number" && code >= REFUSED_FROM;
}
