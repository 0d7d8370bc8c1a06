import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";

/** A broker that sends retained messages to a subscription of their very topic only, as RabbitMQ does. */
export interface ExactBroker extends AsyncDisposable {
  port: number;
}

/** @param retained payloads by topic. */
export async function startExactBroker(
  retained: Readonly<Record<string, string>>,
): Promise<ExactBroker> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const send = (packet: Packet): void => void socket.write(generate(packet));
    const reading = parser();
    reading.on("packet", (packet) => {
      for (const answer of answersTo(packet, retained)) send(answer);
    });
    socket.on("data", (data: Buffer) => void reading.parse(data));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

const NO_FLAGS = { qos: 0, dup: false } as const;

function answersTo(packet: Packet, retained: Readonly<Record<string, string>>): Packet[] {
  switch (packet.cmd) {
    case "connect":
      // One that speaks MQTT 3.1.1 only refuses 5 with this code.
      return packet.protocolVersion === 5
        ? [{ cmd: "connack", returnCode: 1, sessionPresent: false }]
        : [{ cmd: "connack", returnCode: 0, sessionPresent: false }];
    case "subscribe": {
      const topics = packet.subscriptions.map(({ topic }) => topic);
      const messages = topics.flatMap((topic): Packet[] => {
        const payload = retained[topic];
        return payload === undefined
          ? []
          : [{ ...NO_FLAGS, cmd: "publish", topic, payload, retain: true }];
      });
      const granted = topics.map(() => 1);
      return [{ cmd: "suback", messageId: packet.messageId as number, granted }, ...messages];
    }
    case "unsubscribe":
      return [{ cmd: "unsuback", messageId: packet.messageId as number, granted: [] } as Packet];
    case "publish":
      // Whoever publishes here has subscribed to it.
      return [
        { cmd: "puback", messageId: packet.messageId as number },
        {
          ...NO_FLAGS,
          cmd: "publish",
          topic: packet.topic,
          payload: packet.payload,
          retain: false,
        },
      ];
    default:
      return [];
  }
}
