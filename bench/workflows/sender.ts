// Publishes readings of devices evenly at a rate: node sender.ts PORT PER_SECOND DEVICES PASSES_EVERY
import { once } from "node:events";
import { connect } from "node:net";
import { generate } from "mqtt-packet";
import { topicOf } from "./flows.ts";

const SLICE_MS = 2;
const ID_MAX = 65_535;

interface Sending {
  port: number;
  perSecond: number;
  devices: number;
  /** Readings of a device from one above the limit to the next. */
  passesEvery: number;
}

async function send({ port, perSecond, devices, passesEvery }: Sending): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  socket.write(generate({ cmd: "connect", clientId: "bench-sender", keepalive: 0, clean: true }));
  // Acknowledgements are read and not waited for.
  socket.resume();
  const startMs = performance.now();
  let sent = 0;
  setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1_000) * perSecond);
    const frames: Buffer[] = [];
    for (; sent < due; sent += 1) {
      const device = sent % devices;
      const round = Math.floor(sent / devices);
      // Devices take turns, so that actions come evenly.
      const value = (round + device) % passesEvery === 0 ? 95 : 20 + ((sent * 7) % 50);
      frames.push(
        generate({
          cmd: "publish",
          topic: topicOf(device),
          payload: JSON.stringify({ time: Date.now(), value }),
          qos: 1,
          messageId: (sent % ID_MAX) + 1,
          dup: false,
          retain: false,
        }),
      );
    }
    if (frames.length > 0) socket.write(Buffer.concat(frames));
  }, SLICE_MS);
}

const [port = 0, perSecond = 0, devices = 0, passesEvery = 0] = process.argv.slice(2).map(Number);
await send({ port, perSecond, devices, passesEvery });
