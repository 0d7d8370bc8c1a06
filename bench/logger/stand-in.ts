// What a logger takes for a broker, but which only writes packets and counts PUBACKs; or, for the
// generator's own ceiling, one that only acknowledges. A process of its own, started by ./sources.ts:
//   node stand-in.ts
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { createFrames, type Load, messagesOf, type Order, type Report } from "./load.ts";
import { createSender, type Sender } from "./sender.ts";

const report = (message: Report): void => void process.send?.(message);
const RECEIVE_MAXIMUM_DEFAULT = 65_535;
const PUBLISH = 0x30;

/** The client that has subscribed last. */
let subscriber: { socket: Socket; version: 4 | 5; windowMax: number } | null = null;
let sender: Sender | null = null;

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  // Whoever measures sees that its subject is gone.
  socket.on("error", () => {});
  let client: IConnectPacket | null = null;
  const parsing = parser();
  const answer = (packet: Packet): void => {
    socket.write(generate(packet, { protocolVersion: client?.protocolVersion ?? 4 }));
  };

  function take(packet: Packet): void {
    if (packet.cmd === "connect") {
      client = packet;
      // It writes messages without identifiers.
      const properties = { subscriptionIdentifiersAvailable: false };
      answer({ cmd: "connack", sessionPresent: false, reasonCode: 0, returnCode: 0, properties });
    } else if (packet.cmd === "subscribe") {
      const granted = packet.subscriptions.map(({ qos }) => qos);
      answer({ cmd: "suback", messageId: packet.messageId ?? 0, granted });
      const version = client?.protocolVersion === 5 ? 5 : 4;
      const windowMax = client?.properties?.receiveMaximum ?? RECEIVE_MAXIMUM_DEFAULT;
      subscriber = { socket, version, windowMax };
      report({ kind: "subscribed", version });
    } else if (packet.cmd === "unsubscribe") {
      const granted = packet.unsubscriptions.map(() => 0);
      answer({ cmd: "unsuback", messageId: packet.messageId ?? 0, granted });
    } else if (packet.cmd === "publish" && packet.qos === 1) {
      answer({ cmd: "puback", messageId: packet.messageId ?? 0, reasonCode: 0 });
    } else if (packet.cmd === "pingreq") answer({ cmd: "pingresp" });
  }

  parsing.on("packet", take);
  const frames = createFrames({
    onAcknowledged: (count) => sender?.acknowledged(count),
    onPacket: (packet) => {
      const isFlood = (packet[0] ?? 0) >> 4 === PUBLISH >> 4 && subscriber === null;
      if (isFlood) socket.write(pubackOf(packet));
      else parsing.parse(Buffer.from(packet));
    },
  });
  socket.on("data", (bytes: Buffer) => {
    // One write for what a read brought.
    socket.cork();
    frames.push(bytes);
    socket.uncork();
  });
}

function pubackOf(publish: Buffer): Buffer {
  const header = (publish[1] ?? 0) < 128 ? 2 : 3;
  const idAt = header + 2 + publish.readUInt16BE(header);
  return Buffer.from([0x40, 2, publish[idAt] ?? 0, publish[idAt + 1] ?? 0]);
}

function prepare(load: Load): void {
  if (subscriber === null) throw new Error("nobody has subscribed yet");
  const messages = messagesOf(load, subscriber.version);
  sender = createSender({
    ...subscriber,
    load,
    messages,
    onSent: (sent) => report({ kind: "sent", sent }),
  });
  report({ kind: "prepared", bytesEach: messages.payloadBytes });
}

process.on("message", (order: Order) => {
  if (order.kind === "prepare") prepare(order.load);
  else sender?.start();
});
process.on("disconnect", () => process.exit(0));

const server = createServer(serve).listen(0, "127.0.0.1");
await once(server, "listening");
// A server that listens on TCP has such an address.
report({ kind: "ready", port: (server.address() as AddressInfo).port });
