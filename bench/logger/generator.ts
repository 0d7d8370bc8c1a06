// A publisher that costs a broker as little as possible: packets encoded beforehand, on a raw socket.
// A separate process, started by ./sources.ts:  node generator.ts PORT VERSION
import { once } from "node:events";
import { connect } from "node:net";
import { generate, type IConnackPacket, parser } from "mqtt-packet";
import { createFrames } from "./load.ts";
import { report, serveLoads } from "./sender.ts";

const port = Number(process.argv[2]);
const version = process.argv[3] === "4" ? 4 : 5;
/** Of a broker that sends no receive maximum, as every one of 3.1.1 [MQTT-3.2.2.3.3]. */
const WINDOW_DEFAULT = 65_534;
const KEEPALIVE_OFF = 0;

const socket = connect({ host: "127.0.0.1", port, noDelay: true });
await once(socket, "connect");
// Without its connection, there is nothing left to send to.
socket.on("error", () => process.exit(1));
socket.on("close", () => process.exit(1));

let windowMax = WINDOW_DEFAULT;
const loads = serveLoads(() => ({ socket, version, windowMax }));

const parsing = parser({ protocolVersion: version });
parsing.on("packet", (packet) => {
  if (packet.cmd === "connack") connected(packet);
});
const frames = createFrames({
  onAcknowledged: loads.acknowledged,
  onPacket: (packet) => void parsing.parse(Buffer.from(packet)),
});
socket.on("data", frames.push);

function connected({ reasonCode, returnCode, properties }: IConnackPacket): void {
  const code = reasonCode ?? returnCode ?? 0;
  if (code !== 0) throw new Error(`the broker refuses the load generator with code ${code}`);
  windowMax = Math.min(WINDOW_DEFAULT, properties?.receiveMaximum ?? WINDOW_DEFAULT);
  report({ kind: "ready", port });
}

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
