import type { IPublishPacket, MqttClient } from "mqtt";
import type { InboundMessage } from "./message.ts";

/** Who takes the messages of a connection. */
export interface Receiver {
  acknowledge: "automatically" | "manually";
  onMessage: (message: InboundMessage) => void;
}

/**
 * Hands each message on. `handleMessage` is the place where MQTT.js waits before it sends PUBACK, and
 * it handles the next message only after that; a batch needs many unacknowledged messages at once.
 * So the manual mode ends `handleMessage` with an error, which by MQTT.js's documented behaviour
 * means "no PUBACK", and writes the PUBACK itself, to the stream that brought the message.
 */
export function receive(client: MqttClient, { acknowledge, onMessage }: Receiver): void {
  const acknowledgedLater = new Error("acknowledged later");
  let sendPuback: PubackWriter | null = null;
  client.handleMessage = (packet, done) => {
    // The stream exists once CONNECT was sent, and stays the only one.
    sendPuback ??= createPubackWriter(client);
    const isManual = acknowledge === "manually" && packet.qos === 1;
    onMessage(inbound(packet, isManual ? sendPuback : null));
    done(isManual ? acknowledgedLater : undefined);
  };
}

type PubackWriter = (packetId: number) => void;

function inbound(packet: IPublishPacket, sendPuback: PubackWriter | null): InboundMessage {
  const { topic, payload, qos, retain, messageId } = packet;
  let isDue = sendPuback !== null && messageId !== undefined;
  return {
    topic,
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    qos,
    retained: retain,
    acknowledge: () => {
      // Once only: the broker uses the packet id again, and a second PUBACK would be for another message.
      if (isDue) sendPuback?.(messageId as number);
      isDue = false;
    },
  };
}

/** Writes PUBACKs to the connection's stream, those of one batch in one write, and none once it has ended. */
function createPubackWriter({ stream }: MqttClient): PubackWriter {
  let isCorked = false;
  return (packetId) => {
    if (!stream.writable) return;
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(() => {
        isCorked = false;
        stream.uncork();
      });
    }
    stream.write(puback(packetId));
  };
}

/** PUBACK with its two-byte packet id; without a reason code it means success in MQTT 5, too [MQTT-3.4.2.1]. */
function puback(packetId: number): Buffer {
  return Buffer.from([0x40, 0x02, packetId >> 8, packetId & 0xff]);
}
