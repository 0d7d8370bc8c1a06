// A publisher that costs a broker as little as possible: packets encoded before, on a raw socket.
// A process of its own, started by ./sources.ts:  node generator.ts PORT VERSION
import { once } from "node:events";
import { connect } from "node:net";
import { generate, type IConnackPacket, parser } from "mqtt-packet";
import { createFrames, type Load, messagesOf, type Order, type Report } from "./load.ts";
import { createSender, type Sender } from "./sender.ts";

const port = Number(process.argv[2]);
const version = process.argv[3] === "4" ? 4 : 5;
/** What a broker takes that does not say, and every one of 3.1.1 [MQTT-3.2.2.3.3]. */
const WINDOW_DEFAULT = 65_534;
const KEEPALIVE_OFF = 0;

const report = (message: Report): void => void process.send?.(message);

const socket = connect({ host: "127.0.0.1", port, noDelay: true });
await once(socket, "connect");
// The broker has ended it or was stopped: there is nothing left to send to.
socket.on("error", () => process.exit(1));
socket.on("close", () => process.exit(1));

let sender: Sender | null = null;
let windowMax = WINDOW_DEFAULT;

const parsing = parser({ protocolVersion: version });
parsing.on("packet", (packet) => {
  if (packet.cmd === "connack") connected(packet);
});
const frames = createFrames({
  onAcknowledged: (count) => sender?.acknowledged(count),
  onPacket: (packet) => void parsing.parse(Buffer.from(packet)),
});
socket.on("data", frames.push);

function connected({ reasonCode, returnCode, properties }: IConnackPacket): void {
  const code = reasonCode ?? returnCode ?? 0;
  if (code !== 0) throw new Error(`the broker refuses the load generator with code ${code}`);
  windowMax = Math.min(WINDOW_DEFAULT, properties?.receiveMaximum ?? WINDOW_DEFAULT);
  report({ kind: "ready", port });
}

function prepare(load: Load): void {
  const messages = messagesOf(load, version);
  sender = createSender({
    socket,
    load,
    messages,
    windowMax,
    onSent: (sent) => report({ kind: "sent", sent }),
  });
  report({ kind: "prepared", bytesEach: messages.payloadBytes });
}

process.on("message", (order: Order) => {
  if (order.kind === "prepare") prepare(order.load);
  else sender?.start();
});
process.on("disconnect", () => process.exit(0));

socket.write(
  generate({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: version,
    clientId: `bench-generator-${process.pid}`,
    clean: true,
    keepalive: KEEPALIVE_OFF,
  }),
);
