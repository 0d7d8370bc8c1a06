#!/usr/bin/env bash
# Mosquitto 2.1.2 logs "session taken over" for a connection that ended long ago: when a client comes back to the session
# that it has kept, the end of its former connection is logged once more, with another reason. It needs Docker.
set -euo pipefail
folder=$(mktemp -d)
broker=weir-finding-$$
trap 'docker rm --force "$broker" >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts mqtt@5.16.0 >/dev/null
printf 'listener 1883\nallow_anonymous true\nlog_dest topic\nconnection_messages true\n' >mosquitto.conf
chmod 755 . && chmod 644 mosquitto.conf
docker run --detach --name "$broker" --publish 127.0.0.1::1883 \
  --volume "$folder/mosquitto.conf:/mosquitto/config/mosquitto.conf:ro" eclipse-mosquitto:2.1 >/dev/null
cat >probe.mjs <<'JS'
import mqtt from "mqtt";

const url = process.argv[2];
const connect = (clientId, clean) => mqtt.connectAsync(url, { clientId, clean });
const watcher = await connect("watcher", true);
let version;
const ends = [];
let waiting = null;
watcher.on("message", (topic, payload) => {
  const text = String(payload);
  if (topic === "$SYS/broker/version") version = text;
  else if (text.includes("Client meter ") && text.includes("disconnected")) {
    ends.push(text.replace(/^.*?\] /, ""));
    waiting?.();
  }
});
await watcher.subscribeAsync(["$SYS/broker/version", "$SYS/broker/log/N"]);
const nextEnd = () => new Promise((resolve) => { waiting = resolve; });
let seen = nextEnd();
await (await connect("meter", false)).endAsync();
await seen;
seen = nextEnd();
const again = await connect("meter", false);
await seen;
console.log(`${version}: ${ends.join(" | ")}`);
await again.endAsync();
await watcher.endAsync();
JS
port=$(docker port "$broker" 1883/tcp | head -1 | sed 's/.*://')
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.2; done
seen=$(timeout 60 node probe.mjs "mqtt://127.0.0.1:$port")
printf '%s\n' "$seen"
[ "$seen" = 'mosquitto version 2.1.2: disconnected. | disconnected: session taken over.' ] ||
  { echo 'CHANGED: Mosquitto logs ends differently now'; exit 1; }
echo 'as found: Mosquitto 2.1.2 logs the end of a connection twice, the second time as taken over'
