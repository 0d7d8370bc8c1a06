#!/usr/bin/env bash
# Mosquitto 2.1.2 with default limits acknowledges messages of QoS 1, gives them packet ids, and drops them, because 1,000 packets wait
# for a socket that is full. It notes them as in flight all the same: they come with the next connection, as duplicates. It needs Docker.
set -euo pipefail
folder=$(mktemp -d)
broker=weir-finding-$$
trap 'docker rm --force "$broker" >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts mqtt-packet@9.0.2 >/dev/null
printf 'listener 1883\nallow_anonymous true\n' >mosquitto.conf
chmod 755 . && chmod 644 mosquitto.conf
docker run --detach --name "$broker" --publish 127.0.0.1::1883 \
  --volume "$folder/mosquitto.conf:/mosquitto/config/mosquitto.conf:ro" eclipse-mosquitto:2.1 >/dev/null
cat >probe.mjs <<'JS'
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt-packet";

const COUNT = 30_000;
const WINDOW = 20;
const PAD = "x".repeat(1_000);
const generate = (packet) => mqtt.generate(packet, { protocolVersion: 5 });

/** Connects, and calls `take` with each packet behind CONNACK. */
const connect = (clientId, take) => new Promise((resolve) => {
  const socket = net.connect(Number(process.argv[2]), "127.0.0.1");
  const parser = mqtt.parser({ protocolVersion: 5 });
  parser.on("packet", (packet) => (packet.cmd === "connack" ? resolve(socket) : take(packet, socket)));
  socket.on("data", (bytes) => parser.parse(bytes));
  socket.write(generate({
    cmd: "connect", protocolId: "MQTT", protocolVersion: 5, clientId, clean: false, keepalive: 60,
    properties: { sessionExpiryInterval: 3_600, receiveMaximum: 65_535 },
  }));
});

const came = new Set();
let skipped = 0;
let duplicates = 0;
let next = null;
let lastMs = 0;
const subscribed = Promise.withResolvers();
const take = (packet, socket) => {
  if (packet.cmd === "suback") subscribed.resolve();
  if (packet.cmd !== "publish") return;
  lastMs = performance.now();
  came.add(parseInt(packet.payload, 10));
  if (packet.dup) duplicates += 1;
  else {
    if (next !== null) skipped += packet.messageId - next;
    next = packet.messageId + 1;
  }
  socket.write(generate({ cmd: "puback", messageId: packet.messageId }));
};
const untilQuiet = async () => {
  lastMs = performance.now();
  while (performance.now() - lastMs < 2_000) await pause(50);
};

let subscriber = await connect("subscriber", take);
subscriber.write(generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] }));
await subscribed.promise;
// It stands still until the broker has acknowledged everything.
subscriber.pause();
let [sent, acknowledged] = [0, 0];
const all = Promise.withResolvers();
const publish = (publisher) => {
  while (sent < COUNT && sent - acknowledged < WINDOW) {
    sent += 1;
    publisher.write(generate({ cmd: "publish", topic: "t", payload: `${sent} ${PAD}`, qos: 1, messageId: sent }));
  }
};
const publisher = await connect("publisher", ({ cmd, reasonCode }, socket) => {
  if (cmd !== "puback" || reasonCode >= 0x80) return;
  acknowledged += 1;
  if (acknowledged === COUNT) all.resolve();
  publish(socket);
});
publish(publisher);
await all.promise;
subscriber.resume();
await untilQuiet();
// The next message shows how many ids were used.
publisher.write(generate({ cmd: "publish", topic: "t", payload: "0", qos: 1, messageId: 1 }));
await untilQuiet();
came.delete(0);
const first = came.size;
for (let connection = 0; connection < 30 && came.size < COUNT; connection += 1) {
  subscriber.end(generate({ cmd: "disconnect" }));
  next = null;
  subscriber = await connect("subscriber", take);
  await untilQuiet();
}
const isSo = first < COUNT && skipped === COUNT - first && came.size === COUNT && duplicates >= skipped;
console.error(`${COUNT} acknowledged, ${first} came, ${skipped} packet ids were left out; ${duplicates} duplicates later`);
console.log(isSo ? "as found" : "changed");
process.exit();
JS
port=$(docker port "$broker" 1883/tcp | head -1 | sed 's/.*://')
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.2; done
seen=$(timeout 120 node probe.mjs "$port")
[ "$seen" = 'as found' ] ||
  { echo 'CHANGED: Mosquitto keeps what a full socket does not take, or does not send it again'; exit 1; }
echo 'as found: Mosquitto 2.1.2 drops what a full socket does not take, and sends it with the next connection'
