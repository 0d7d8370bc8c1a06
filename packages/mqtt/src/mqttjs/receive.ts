import type { IPublishPacket, MqttClient } from "mqtt";
import { type ConnectionOptions, PACKET_BYTES_MAX } from "../connection.ts";
import type { ReceivedMessage } from "../message.ts";
import { refusedBatch } from "../outage.ts";
import { request } from "../request.ts";
import { isTopicName, unaskedQos2, violation } from "../violation.ts";
import { createGathering, type Gathering } from "./gather.ts";

/**
 * Hands messages on. `handleMessage` is the place where MQTT.js waits before it sends PUBACK, and it
 * handles the next message only after that; a batch needs many unacknowledged messages at once. So
 * `handleMessage` ends with an error for QoS 1, which by MQTT.js's documented behaviour means "no
 * PUBACK", and the PUBACKs of a batch are written here, to the stream that brought its messages.
 *
 * @param end ends the connection.
 */
export function receive(
  client: MqttClient,
  { receiver, clock }: Pick<ConnectionOptions, "receiver" | "clock">,
  end: (reason: Error) => void,
): Gathering {
  const acknowledgedLater = new Error("acknowledged later");
  const gathering = createGathering({
    receiver,
    // Without a Receive Maximum the broker's window is small: it sends nothing while messages wait.
    isAllowed: client.options.protocolVersion === 5,
    clock,
    acknowledge: (packetIds) => {
      // The stream exists once CONNECT was sent, and stays the only one.
      if (packetIds.length > 0 && client.stream.writable) client.stream.write(pubacks(packetIds));
    },
    refuse: (fault) => {
      end(refusedBatch(fault));
      receiver.onFault(fault);
    },
  });

  function refuse(reason: Error): void {
    gathering.finish();
    end(reason);
  }

  client.handleMessage = (packet, done) => {
    const wrong = violationOf(packet);
    if (wrong === null) take(packet);
    else refuse(wrong);
    done(packet.qos === 1 ? acknowledgedLater : undefined);
  };

  function take(packet: IPublishPacket): void {
    const { topic, qos, messageId = null, length: bytes = 0 } = packet;
    if (bytes > PACKET_BYTES_MAX) {
      gathering.flush();
      receiver.onDropped({ topic, bytes });
      if (messageId !== null && client.stream.writable) client.stream.write(pubacks([messageId]));
      return;
    }
    gathering.add(received(packet), qos === 1 ? messageId : null);
  }

  // [MQTT-3.2.0-1]
  client.once("packetreceive", ({ cmd }) => {
    if (cmd !== "connack") refuse(violation("protocol", `${cmd} before CONNACK`));
  });
  // Nothing is acknowledged behind a DISCONNECT [MQTT-3.14.4-1].
  client.on("packetsend", ({ cmd }) => {
    if (cmd === "disconnect") gathering.stop();
  });
  client.once("close", gathering.stop);
  return gathering;
}

function violationOf({ topic, qos, messageId }: IPublishPacket): Error | null {
  if (qos === 2) return unaskedQos2(topic);
  if (!isTopicName(topic)) return violation("topicName", "a message without a sound topic");
  if (qos === 1 && messageId === 0) return violation("protocol", "packet id 0");
  return null;
}

function received(packet: IPublishPacket): ReceivedMessage {
  const { topic, payload, qos, retain, properties } = packet;
  const identifier = properties?.subscriptionIdentifier ?? [];
  return {
    topic,
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    qos,
    retained: retain,
    subscriptions: typeof identifier === "number" ? [identifier] : identifier,
    ...request(properties),
  };
}

/** PUBACKs with their two-byte packet ids; without a reason code they mean success in MQTT 5, too [MQTT-3.4.2.1]. */
function pubacks(packetIds: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * packetIds.length);
  packetIds.forEach((packetId, index) => {
    bytes.writeUInt16BE(0x4002, 4 * index);
    bytes.writeUInt16BE(packetId, 4 * index + 2);
  });
  return bytes;
}
