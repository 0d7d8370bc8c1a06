import { matchesFilter } from "@weir/protocol";
import type { AedesOptions } from "aedes";

/** A client with its subscriptions by filter. The types of aedes leave them out. */
interface Subscriber {
  subscriptions: Readonly<Record<string, { qos: 0 | 1 | 2 }>>;
}

/**
 * Lowers a message to the QoS that its subscriber was granted [MQTT-3.8.4-8]. aedes 1.2.0 looks the
 * granted QoS up by the topic of the message, which finds no filter with a wildcard: without this it
 * sends QoS 2 to a subscription of QoS 1. It asks for live, retained and queued messages alike; of a
 * queued one it sends the packet that it showed here, so that one is changed in place.
 */
export const forwardAsGranted: NonNullable<AedesOptions["authorizeForward"]> = (client, packet) => {
  if (packet.qos > 0) {
    // `client` is a Client of aedes, whose types do not name its subscriptions.
    const granted = grantedQos(client as unknown as Subscriber, packet.topic);
    if (granted < packet.qos) packet.qos = granted;
  }
  return packet;
};

/** Several subscriptions may match: the highest QoS counts [MQTT-3.3.5-1]. */
function grantedQos({ subscriptions }: Subscriber, topic: string): 0 | 1 | 2 {
  let granted: 0 | 1 | 2 | null = null;
  for (const [filter, { qos }] of Object.entries(subscriptions)) {
    if (qos > (granted ?? -1) && matchesFilter(filter, topic)) granted = qos;
  }
  // Queued for a subscription that is gone: it had at least QoS 1, or nothing would have been queued.
  return granted ?? 1;
}
