import { withCode } from "./outage.ts";

/** What a broker must not send; the reason codes are those of DISCONNECT in MQTT 5. */
export const VIOLATIONS = {
  malformed: 0x81,
  protocol: 0x82,
  tooLarge: 0x95,
} as const;

const TYPES = [
  "reserved",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
];

/** Names the packet that begins with this byte, for an operator. */
export function nameOf(first: number): string {
  const type = first >> 4;
  return `a packet of type ${type} (${TYPES[type]})`;
}

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
