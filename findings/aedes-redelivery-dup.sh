#!/usr/bin/env bash
# aedes 1.2.0 sends a QoS 1 message again to a session that has not acknowledged it, as it must, but without the DUP flag,
# which must be set on every redelivery [MQTT-3.3.1-1]. A client that recognizes copies by DUP takes it for a new message.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts aedes@1.2.0 mqtt@5.16.0 mqtt-packet@9.0.2 >/dev/null
cat >probe.mjs <<'JS'
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import { generate, parser } from "mqtt-packet";

const broker = await Aedes.createBroker();
const server = createServer(broker.handle).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();

/** A client that acknowledges nothing; resolves with the first message that it gets. */
async function receive({ subscribes }) {
  const socket = connect(port, "127.0.0.1");
  const parse = parser();
  const message = new Promise((resolve) => parse.on("packet", (packet) => packet.cmd === "publish" && resolve(packet)));
  const ready = new Promise((resolve) => parse.on("packet", ({ cmd }) => cmd === (subscribes ? "suback" : "connack") && resolve()));
  socket.on("data", (bytes) => parse.parse(bytes));
  socket.write(generate({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clientId: "keeper", clean: false, keepalive: 0 }));
  if (subscribes) socket.write(generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] }));
  await ready;
  if (subscribes) {
    const publisher = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
    await publisher.publishAsync("t", "1", { qos: 1 });
    await publisher.endAsync();
  }
  const { dup, payload } = await message;
  const gone = once(broker, "clientDisconnect");
  socket.end();
  await gone;
  return `payload ${payload}, dup ${dup}`;
}

console.log(`first delivery: ${await receive({ subscribes: true })}`);
console.log(`redelivery: ${await receive({ subscribes: false })}`);
broker.close();
server.close();
JS
seen=$(timeout 60 node probe.mjs)
printf '%s\n' "$seen"
expected='first delivery: payload 1, dup false
redelivery: payload 1, dup false'
[ "$seen" = "$expected" ] || { echo 'CHANGED: aedes behaves differently now'; exit 1; }
echo 'as found: aedes 1.2.0 redelivers without DUP'
