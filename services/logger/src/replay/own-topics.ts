import type { BrokerConfig } from "@weir/config";
import type { StreamConfig } from "@weir/streams";
import { matchesFilter } from "@weir/topics";

/** Whether a stream would log what is published on a topic. */
export function listensTo(
  { filters, exclude }: Pick<StreamConfig, "filters" | "exclude">,
  topic: string,
): boolean {
  const isMatch = (filter: string): boolean => matchesFilter(filter, topic);
  return filters.some(isMatch) && !exclude.some(isMatch);
}

const PORTS = new Map([
  ["mqtt:", "1883"],
  ["mqtts:", "8883"],
  ["ws:", "80"],
  ["wss:", "443"],
]);
const THIS_MACHINE: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether two URLs lead to the same host, as far as they themselves tell: names are not looked up. */
export function isSameBroker(one: BrokerConfig | undefined, other: BrokerConfig): boolean {
  return one !== undefined && addressOf(one.url) === addressOf(other.url);
}

function addressOf(url: string): string {
  const { hostname, protocol, port } = new URL(url);
  const name = hostname.toLowerCase();
  const host = THIS_MACHINE.has(name) ? "localhost" : name;
  return `${host}:${port || PORTS.get(protocol)}`;
}
