#!/usr/bin/env bash
# aedes 1.2.0 hands retained messages below $SYS to a subscription of "#". A live message there goes only to those who
# name $SYS, as the standard demands of both [MQTT-4.7.2-1].
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

const broker = await Aedes.createBroker();
const server = createServer(broker.handle).listen(0, "127.0.0.1");
await once(server, "listening");
const publish = (topic, retain) =>
  new Promise((resolve) => broker.publish({ cmd: "publish", topic, payload: "x", qos: 0, retain, dup: false }, resolve));
await publish("$SYS/broker/kept", true);
await publish("kept", true);
const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.address().port}`);
const received = [];
const done = new Promise((resolve) => {
  client.on("message", (topic) => {
    if (topic === "end") resolve();
    else received.push(topic);
  });
});
await client.subscribeAsync("#");
await publish("$SYS/broker/live", false);
await client.publishAsync("end", "", { qos: 1 });
await done;
console.log(received.sort().join(" "));
await client.endAsync();
broker.close();
server.close();
JS
seen=$(node probe.mjs)
printf '%s\n' "$seen"
[ "$seen" = '$SYS/broker/kept kept' ] || { echo 'CHANGED: aedes behaves differently now'; exit 1; }
echo 'as found: aedes 1.2.0 hands what is retained below $SYS to a subscriber of all topics'
