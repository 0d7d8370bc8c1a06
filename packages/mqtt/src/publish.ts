import type { IConnackPacket, MqttClient } from "mqtt";
import type { PublishOptions } from "./message.ts";
import { withCode } from "./outage.ts";
import type { Pending } from "./pending.ts";
import { createSendWindow } from "./send-window.ts";

export type Publish = (
  topic: string,
  payload: string | Buffer,
  options: PublishOptions,
) => Promise<void>;

/** As many as there are packet ids; MQTT 3.1.1 has no other limit. */
const UNDER_WAY_MAX = 65_535;
const PACKET_TOO_LARGE = 0x95;

export function createPublish(
  client: MqttClient,
  { properties }: IConnackPacket,
  pending: Pending,
): Publish {
  // MQTT.js does not heed the broker's Receive Maximum; a broker hangs up on who exceeds it.
  // Nor its Maximum Packet Size [MQTT-3.2.2-15].
  const packetBytesMax = properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  const window = createSendWindow(properties?.receiveMaximum ?? UNDER_WAY_MAX);
  return (topic, payload, { qos, retain = false, expirySeconds }) => {
    const expires = expirySeconds !== undefined && client.options.protocolVersion === 5;
    const options = {
      qos,
      retain,
      ...(expires ? { properties: { messageExpiryInterval: expirySeconds } } : {}),
    };
    return pending.run((settle) => {
      if (payload.length + topic.length > packetBytesMax) {
        settle(withCode(`the broker takes no more than ${packetBytesMax} bytes`, PACKET_TOO_LARGE));
        return;
      }
      if (qos === 0) {
        client.publish(topic, payload, options, settle);
        return;
      }
      window.enter((leave) =>
        client.publish(topic, payload, options, (error) => {
          settle(error);
          leave();
        }),
      );
    });
  };
}
