// Publishes what Zigbee2MQTT does, from the recorded payloads: node zigbee2mqtt-main.ts <url> [<user> <password>]
import { setTimeout as pause } from "node:timers/promises";
import { connectAsync } from "mqtt";
import { bytesOf, type Case, CORPORA } from "../payloads/corpora.ts";

const PAUSE_MS = 50;
const [url = "", username, password] = process.argv.slice(2);

const cases = CORPORA.filter(({ family }) => family === "zigbee2mqtt")
  .flatMap(({ content }) => content.cases)
  .filter(({ topic }) => topic.startsWith("zigbee2mqtt/") && !/\/([sg]et|request)\b/.test(topic));

/** `last_seen` is off by default, and would be that of the day of the record. */
function payloadOf({ payload }: Case): Buffer {
  if (!("json" in payload)) return bytesOf(payload);
  const { json } = payload;
  const isState = typeof json === "object" && json !== null && !Array.isArray(json);
  return bytesOf({ json: isState ? { ...json, last_seen: undefined } : json });
}

const client = await connectAsync(url, {
  ...(username === undefined ? {} : { username, password: password ?? "" }),
});
for (const one of cases.filter(({ retained }) => retained)) {
  await client.publishAsync(one.topic, payloadOf(one), { qos: 1, retain: true });
}
for (;;) {
  for (const one of cases.filter(({ retained }) => !retained)) {
    await client.publishAsync(one.topic, payloadOf(one), { qos: 0 });
    await pause(PAUSE_MS);
  }
}
