import { withCode } from "./outage.ts";

/** What a broker must not send; the reason codes are those of DISCONNECT in MQTT 5. */
export const VIOLATIONS = {
  malformed: 0x81,
  protocol: 0x82,
  topicName: 0x90,
  topicAlias: 0x94,
  tooLarge: 0x95,
} as const;

/** An error whose code is told to an MQTT 5 broker. */
export type Violation = Error & { code: number; isViolation: true };

export function isViolation(error: Error): error is Violation {
  return "isViolation" in error;
}

/** What the standard says of a broker that sends this: the connection ends [MQTT-4.13.1-1]. */
export function violation(kind: keyof typeof VIOLATIONS, words: string): Violation {
  const broken = withCode(`the broker broke the protocol: ${words}`, VIOLATIONS[kind]);
  return Object.assign(broken, { isViolation: true as const });
}

const WILDCARD_OR_NUL = /[+#\0]/;

/** Whether a message may have this topic [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]. */
export function isTopicName(topic: string): boolean {
  return topic !== "" && !WILDCARD_OR_NUL.test(topic);
}

/** A message of QoS 2 comes only for a subscription that another program made in the same session. */
export function unaskedQos2(topic: string): Violation {
  return violation(
    "protocol",
    `a QoS 2 message came (${JSON.stringify(topic.slice(0, 100))}), which this client never asks for; does another program use its client id?`,
  );
}
