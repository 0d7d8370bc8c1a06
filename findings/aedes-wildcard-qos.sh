#!/usr/bin/env bash
# aedes 1.2.0 grants QoS 1 to a wildcard subscription and then sends QoS 2 over it. A message must come with the lower
# of the two, [MQTT-3.8.4-6] of MQTT 3.1.1. With a filter without a wildcard it does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts aedes@1.2.0 mqtt@5.16.0 >/dev/null
cat >probe.mjs <<'JS'
import { createServer } from "node:net";
import { once } from "node:events";
import { Aedes } from "aedes";
import mqtt from "mqtt";

const broker = await Aedes.createBroker();
const server = createServer(broker.handle).listen(0, "127.0.0.1");
await once(server, "listening");
const url = `mqtt://127.0.0.1:${server.address().port}`;

async function receivedQos(filter) {
  const subscriber = await mqtt.connectAsync(url);
  const [{ qos: granted }] = await subscriber.subscribeAsync(filter, { qos: 1 });
  const message = once(subscriber, "message");
  const publisher = await mqtt.connectAsync(url);
  await publisher.publishAsync("garden/temperature", "21", { qos: 2 });
  const [, , packet] = await message;
  await publisher.endAsync();
  await subscriber.endAsync(true);
  return { filter, granted, received: packet.qos };
}

for (const filter of ["garden/temperature", "garden/#"]) console.log(JSON.stringify(await receivedQos(filter)));
broker.close();
server.close();
JS
seen=$(node probe.mjs)
printf '%s\n' "$seen"
expected='{"filter":"garden/temperature","granted":1,"received":1}
{"filter":"garden/#","granted":1,"received":2}'
[ "$seen" = "$expected" ] || { echo 'CHANGED: aedes behaves differently now'; exit 1; }
echo 'as found: aedes 1.2.0 sends QoS 2 over a wildcard subscription of QoS 1'
