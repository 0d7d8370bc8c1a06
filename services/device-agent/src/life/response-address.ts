import { type DeviceAddress, topicProblem } from "@weir/messages";
import type { InboundMessage } from "@weir/mqtt";
import { matchesFilter } from "@weir/topics";
import type { ResponseAddress } from "./journal.ts";

const TOPIC_BYTES_MAX = 512;
const CORRELATION_BYTES_MAX = 1_024;

/** The first levels of topics on which programs hear orders or facts, and no answers, wherever nothing else is configured. */
const NOT_BELOW: readonly string[] = [
  "devices",
  "losant",
  "weir",
  "homeassistant",
  "DATA",
  "STATS",
];
/** Devices below any other prefix. */
const NOT_AT_THE_END: readonly string[] = ["command", "state", "availability", "ack"];

/**
 * Where the one who asked awaits an answer; `null` for nowhere, `refused` for a topic that must not be
 * written to. A device is a deputy that may be confused: with its own rights, which may be more than
 * those of the one who asks, it would give orders to other devices, forge their states, or tell stats
 * what nobody has measured. So an answer goes to none of the topics that have a meaning already; and
 * an answer that is led to a device by some other way is no command, because it has a `status`.
 *
 * @param reserved such topics, or their first levels, as they are configured.
 */
export function responseAddressOf(
  { responseTopic, correlationData }: Pick<InboundMessage, "responseTopic" | "correlationData">,
  device: DeviceAddress,
  reserved: readonly string[] = [],
): ResponseAddress | "refused" | null {
  if (responseTopic === undefined) return null;
  const correlation = correlationData ?? null;
  const isSound =
    isAnswerable(responseTopic, [...NOT_BELOW, device.prefix, ...reserved]) &&
    (correlation?.length ?? 0) <= CORRELATION_BYTES_MAX;
  return isSound ? { topic: responseTopic, correlation } : "refused";
}

function isAnswerable(topic: string, reserved: readonly string[]): boolean {
  if (topicProblem(topic) !== null || Buffer.byteLength(topic) > TOPIC_BYTES_MAX) return false;
  // A prefix of devices may have wildcards.
  if (reserved.some((start) => matchesFilter(`${start}/#`, topic))) return false;
  return !NOT_AT_THE_END.includes(topic.split("/").at(-1) ?? "");
}
