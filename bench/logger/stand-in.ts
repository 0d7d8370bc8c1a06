// A stand-in for a broker that only writes packets and counts PUBACKs; for the generator's own ceiling,
// it only acknowledges. A separate process, started by ./sources.ts:
//   node stand-in.ts
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { createFrames } from "./load.ts";
import { report, serveLoads } from "./sender.ts";

const RECEIVE_MAXIMUM_DEFAULT = 65_535;
const PUBLISH = 0x30;

/** The latest client that has subscribed. */
let subscriber: { socket: Socket; version: 4 | 5; windowMax: number } | null = null;
const loads = serveLoads(() => {
  if (subscriber === null) throw new Error("no client has subscribed yet");
  return subscriber;
});

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  // The measurement sees that its subject has ended.
  socket.on("error", () => {});
  let client: IConnectPacket | null = null;
  const parsing = parser();
  const answer = (packet: Packet): void => {
    socket.write(generate(packet, { protocolVersion: client?.protocolVersion ?? 4 }));
  };

  function take(packet: Packet): void {
    if (packet.cmd === "connect") {
      client = packet;
      // Its messages carry no subscription identifiers.
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
    onAcknowledged: loads.acknowledged,
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

const server = createServer(serve).listen(0, "127.0.0.1");
await once(server, "listening");
// A server that listens on TCP has such an address.
report({ kind: "ready", port: (server.address() as AddressInfo).port });
