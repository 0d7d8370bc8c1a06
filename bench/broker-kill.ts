// How many QoS 1 messages Compose's Mosquitto has acknowledged to publishers without an outbox and does
// not have any more after SIGKILL: as mosquitto/mosquitto.conf stands, and with changes to it, beside the
// rate of each. An outbox would send them again; here nothing does.
//
//   npm run bench:broker-kill -- --kills 28 --set 'plugin_opt_sync full' --set 'packet_buffer_size 2;-max_packet_size'
//
// `--set` replaces lines of the configuration or adds them, `-key` leaves one out; each `--set` is a separate run.
import { readFileSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { errorMessage, print } from "@weir/runtime";
import { connectTestClient, eventually, temporaryFolder } from "@weir/testkit";
import mqtt from "mqtt";
import { generate } from "mqtt-packet";
import { type BrokerProcess, createBrokerProcess } from "../test/faults/processes.ts";
import { createFrames } from "./logger/load.ts";
import { createTable, printResults } from "./output.ts";

const USAGE = `npm run bench:broker-kill -- [options]
  --kills N        default 28
  --publishers N   default 8
  --window N       messages of one publisher that are not acknowledged (default 20)
  --set LINES      once more, with lines of mosquitto.conf replaced or added; -key leaves one out
`;

/** Ends the process when an option is wrong, or asks for help. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: "boolean", default: false },
        kills: { type: "string", default: "28" },
        publishers: { type: "string", default: "8" },
        window: { type: "string", default: "20" },
        set: { type: "string", multiple: true, default: [] },
      },
    });
    if (!values.help) return values;
    print(USAGE);
  } catch (error) {
    print(`${errorMessage(error)}\n${USAGE}`, { to: process.stderr });
    process.exit(78);
  }
  process.exit();
}

const values = readOptions();
const KILLS = Number(values.kills);
const PUBLISHERS = Number(values.publishers);
/** Messages of one publisher that are sent and not acknowledged. */
const WINDOW = Number(values.window);
/** How long messages flow before each kill. */
const LIFE_MS = { min: 200, max: 500 };
const TOPIC = "kd";

/** The lines of mosquitto.conf with some replaced, added or left out, without the listener. */
function configurationWith(changes: string): string[] {
  const keyOf = (line: string): string => line.replace(/^-/, "").split(" ")[0] ?? "";
  const changed = changes.split(";").filter((line) => line !== "");
  const keys = new Set(["listener", "allow_anonymous", ...changed.map(keyOf)]);
  const file = new URL("../mosquitto/mosquitto.conf", import.meta.url);
  const lines = readFileSync(file, "utf8").split("\n");
  return [
    ...lines.filter((line) => line !== "" && !line.startsWith("#") && !keys.has(keyOf(line))),
    ...changed.filter((line) => !line.startsWith("-")),
  ];
}

const nameOf = (number: number): string => String(number).padStart(12, "0");

/** A publisher like a microcontroller: a few messages are unacknowledged, and none is sent again. */
function startPublisher(port: number, next: () => number, acknowledged: (n: number) => void) {
  const socket = connectSocket({ port, host: "127.0.0.1", noDelay: true });
  // Oldest first, as they are acknowledged [MQTT-4.6.0-2].
  const open: number[] = [];
  let sent = 0;

  function packet(): Buffer {
    const number = next();
    open.push(number);
    sent += 1;
    const message = { topic: TOPIC, payload: nameOf(number), messageId: sent % 0xffff || 0xffff };
    return generate({ cmd: "publish", qos: 1, dup: false, retain: false, ...message });
  }
  const send = (count: number): void => {
    socket.write(Buffer.concat(Array.from({ length: count }, packet)));
  };

  const frames = createFrames({
    onAcknowledged: (count) => {
      for (const number of open.splice(0, count)) acknowledged(number);
      send(count);
    },
    // CONNACK
    onPacket: () => send(WINDOW),
  });
  socket.on("error", () => {});
  socket.on("data", frames.push);
  socket.write(generate({ cmd: "connect", protocolId: "MQTT", clientId: "", clean: true }));
  return socket;
}

/** A subscriber whose session is to outlive the broker; it subscribes again in case it did not. */
function subscribe(port: number, clientId: string, onMessage: (payload: string) => void) {
  const client = mqtt.connect({
    port,
    host: "127.0.0.1",
    clientId,
    protocolVersion: 5,
    clean: false,
    reconnectPeriod: 50,
    properties: { sessionExpiryInterval: 86_400, receiveMaximum: 10_000 },
  });
  let subscribed = Promise.withResolvers<void>();
  client.on("message", (_topic, payload) => onMessage(payload.toString()));
  client.on("connect", () => client.subscribe(TOPIC, { qos: 1 }, () => subscribed.resolve()));
  client.on("close", () => {
    subscribed = Promise.withResolvers();
  });
  client.on("error", () => {});
  return {
    subscribed: () => eventually(async () => await subscribed.promise.then(() => true)),
    end: (isForced = false) => client.endAsync(isForced),
  };
}

async function publishWhenUp(port: number, payload: string): Promise<void> {
  await using client = await connectTestClient(port);
  await client.publish(TOPIC, payload, { qos: 1 });
}

/** Kills the broker again and again with one configuration. */
async function measure(changes: string) {
  using folder = temporaryFolder();
  const configuration = configurationWith(changes);
  await using broker: BrokerProcess = await createBrokerProcess({
    kind: "container",
    folder: folder.path,
    configuration,
  });
  await broker.start();
  await publishWhenUp(broker.port, "up");

  const seen = { offline: new Set<string>(), online: new Set<string>() };
  const online = subscribe(broker.port, "online", (payload) => seen.online.add(payload));
  await online.subscribed();
  const first = subscribe(broker.port, "offline", () => {});
  await first.subscribed();
  await first.end();

  const result = { acknowledged: 0, perSecond: 0, lostOffline: 0, lostOnline: 0, killsWithLoss: 0 };
  let number = 0;
  let publishingMs = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const journal: number[] = [];
    const startedMs = performance.now();
    let lastMs = startedMs;
    const sockets: Socket[] = Array.from({ length: PUBLISHERS }, () =>
      startPublisher(
        broker.port,
        () => number++,
        (acknowledged) => {
          journal.push(acknowledged);
          lastMs = performance.now();
        },
      ),
    );
    await pause(LIFE_MS.min + Math.random() * (LIFE_MS.max - LIFE_MS.min));
    await broker.kill();
    // The kernel may still hold PUBACKs: wait until the publishers have read to the end.
    await Promise.all(
      sockets.map((socket) => socket.closed || new Promise((r) => socket.once("close", r))),
    );
    publishingMs += lastMs - startedMs;
    await broker.start();
    await publishWhenUp(broker.port, `up-${kill}`);
    const offline = subscribe(broker.port, "offline", (payload) => seen.offline.add(payload));
    await Promise.all([online.subscribed(), offline.subscribed()]);
    // Behind all that was kept.
    await publishWhenUp(broker.port, `sentinel-${kill}`);
    for (const set of Object.values(seen)) await eventually(() => set.has(`sentinel-${kill}`));
    await offline.end();
    const lostOffline = journal.filter((n) => !seen.offline.has(nameOf(n))).length;
    const lostOnline = journal.filter((n) => !seen.online.has(nameOf(n))).length;
    result.acknowledged += journal.length;
    result.lostOffline += lostOffline;
    result.lostOnline += lostOnline;
    if (lostOffline + lostOnline > 0) result.killsWithLoss += 1;
    for (const set of Object.values(seen)) set.clear();
  }
  await online.end(true);
  result.perSecond = result.acknowledged / (publishingMs / 1_000);
  return result;
}

const table = createTable(
  "changes",
  "kills",
  "with loss",
  "acknowledged",
  "lost, subscriber away",
  "lost, subscriber there",
  "messages/s",
);
for (const changes of ["", ...values.set]) {
  const result = await measure(changes);
  table.push([
    changes === "" ? "none" : changes,
    KILLS,
    result.killsWithLoss,
    result.acknowledged,
    result.lostOffline,
    result.lostOnline,
    Math.round(result.perSecond),
  ]);
  print(`${JSON.stringify({ changes, kills: KILLS, ...result })}\n`);
}
printResults(`${PUBLISHERS} publishers with ${WINDOW} messages on their way each`, table);
