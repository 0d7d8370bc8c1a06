#!/usr/bin/env bash
# MQTT.js 5.16.0 keeps QoS 1 publications of an offline client in a queue without a limit, but numbers them with the
# 65,535 packet ids that there are: of 65,545 publications ten never reach the broker, and their callbacks never run.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts aedes@1.2.0 mqtt@5.16.0 >/dev/null
cat >probe.mjs <<'JS'
import { once } from "node:events";
import { createServer } from "node:net";
import { Aedes } from "aedes";
import mqtt from "mqtt";

const COUNT = 65_545;
const broker = await Aedes.createBroker();
const server = createServer(broker.handle);
const client = mqtt.connect("mqtt://127.0.0.1:1", { manualConnect: true, reconnectPeriod: 0 });
let called = 0;
for (let index = 0; index < COUNT; index += 1) client.publish("n", String(index), { qos: 1 }, () => { called += 1; });
const received = new Set();
let finish;
const done = new Promise((resolve) => { finish = resolve; });
broker.on("publish", (packet, from) => {
  if (from === null) return;
  if (packet.topic === "end") finish();
  else received.add(String(packet.payload));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
client.options.port = server.address().port;
client.connect();
await once(client, "connect");
await client.publishAsync("end", "", { qos: 1 });
await done;
console.log(`published ${COUNT}, received ${received.size}, callbacks ${called}`);
client.end(true);
broker.close();
server.close();
JS
seen=$(node probe.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'published 65545, received 65535, callbacks 65535' ] || { echo 'CHANGED: MQTT.js behaves differently now'; exit 1; }
echo 'as found: MQTT.js 5.16.0 forgets what exceeds 65,535 publications while offline'
