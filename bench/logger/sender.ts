// Sends the loads that its parent process orders, and ends with it. Started by ./load.ts:
//   node sender.ts               a stand-in for a broker that only writes packets and counts PUBACKs; for the
//                                generator's own ceiling, it acknowledges what it receives
//   node sender.ts PORT VERSION  a publisher that costs a broker as little as possible: packets that were
//                                encoded beforehand, on a raw socket
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createHistogram } from "node:perf_hooks";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import {
  createFrames,
  createMessages,
  type Load,
  type Order,
  type Report,
  type Sent,
} from "./load.ts";

/** Where loads are sent. */
interface Receiver {
  socket: Socket;
  version: 4 | 5;
  /** The most that it takes unacknowledged. */
  windowMax: number;
}

/** Of a receiver that sends no receive maximum, as every one of 3.1.1 [MQTT-3.2.2.3.3]. */
const WINDOW_DEFAULT = 65_535;
/** Large enough for few system calls, small enough that acknowledgements are read in between. */
const WRITE_MESSAGES_MAX = 1_000;
const EVEN_SLICE_MS = 1;

const nowMs = (): number => performance.timeOrigin + performance.now();

/** Reports to the parent process. */
function report(message: Report): void {
  process.send?.(message);
}

/**
 * Sends the loads that the parent process orders, and ends with it.
 *
 * @param receiver the receiver of the loads at the time of an order.
 * @returns what to call when so many more were acknowledged.
 */
function serveLoads(receiver: () => Receiver): (count: number) => void {
  let sender: ReturnType<typeof createSender> | null = null;
  process.on("message", (order: Order) => {
    if (order.kind === "prepare") sender = createSender(order.load, receiver());
    else sender?.start();
  });
  process.on("disconnect", () => process.exit(0));
  return (count) => sender?.acknowledged(count);
}

/** Encodes a load, and then sends it over a socket. */
function createSender(load: Load, { socket, version, windowMax }: Receiver) {
  const { count, qos, topics, content = "reading", pace } = load;
  // As from a publisher that has just opened a new outbox.
  const messages = createMessages({
    version,
    qos,
    topics,
    content,
    publisher: "bench",
    epoch: randomBytes(16).toString("hex"),
    epochSeconds: Math.floor(Date.now() / 1_000),
  });
  // Encoding is not what is measured; an even pace leaves the time for it.
  const encoded = pace.kind === "saturation" ? messages.encode(0, count) : null;
  const window =
    qos === 0
      ? Number.POSITIVE_INFINITY
      : Math.min(windowMax, pace.kind === "saturation" ? pace.window : windowMax);
  const latency = qos === 1 && pace.kind === "even" ? createLatency() : null;
  let sent = 0;
  let acknowledged = 0;
  let isBlocked = false;
  let firstMs = 0;
  let usageBefore = process.cpuUsage();
  report({ kind: "prepared", bytesEach: messages.payloadBytes });

  function start(): void {
    usageBefore = process.cpuUsage();
    firstMs = nowMs();
    if (pace.kind === "saturation") pump(count);
    else follow(pace.perSecond);
  }

  function packets(from: number, length: number): Buffer {
    const { packetBytes } = messages;
    return (
      encoded?.subarray(from * packetBytes, (from + length) * packetBytes) ??
      messages.encode(from, length)
    );
  }

  /** Sends what is due, as far as window and network allow. */
  function pump(due: number): void {
    while (!isBlocked && sent < due && sent - acknowledged < window) {
      const free = window - (sent - acknowledged);
      const slice = Math.min(WRITE_MESSAGES_MAX, due - sent, free);
      latency?.sent(sent + slice, nowMs());
      const isFlowing = socket.write(
        packets(sent, slice),
        qos === 0 && sent + slice === count ? finish : undefined,
      );
      sent += slice;
      if (isFlowing) continue;
      isBlocked = true;
      socket.once("drain", () => {
        isBlocked = false;
        if (pace.kind === "saturation") pump(count);
      });
    }
  }

  /** At most one slice each millisecond, however late the timer is. */
  function follow(perSecond: number): void {
    pump(Math.min(count, Math.floor(((nowMs() - firstMs) / 1_000) * perSecond) + 1));
    if (sent < count) setTimeout(follow, Math.max(EVEN_SLICE_MS, 1_000 / perSecond), perSecond);
  }

  function finish(): void {
    const { user, system } = process.cpuUsage(usageBefore);
    const latencyUs = latency?.summary() ?? null;
    const cpuUs = user + system;
    report({
      kind: "sent",
      sent: { count, acknowledged, firstMs, lastMs: nowMs(), latencyUs, cpuUs },
    });
  }

  return {
    start,
    acknowledged: (more: number) => {
      acknowledged += more;
      latency?.acknowledged(acknowledged, nowMs());
      if (acknowledged >= count) finish();
      else if (pace.kind === "saturation") pump(count);
    },
  };
}

/** Times from sending to acknowledgement, of messages that are acknowledged in the order of sending. */
export function createLatency() {
  const histogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
  // One for each write: messages of one write share their time.
  const writes: { through: number; atMs: number }[] = [];
  let oldest = 0;
  let done = 0;

  return {
    sent: (through: number, atMs: number) => writes.push({ through, atMs }),
    acknowledged: (through: number, atMs: number) => {
      for (; done < through; done += 1) {
        let write = writes[oldest];
        while (write !== undefined && write.through <= done) {
          oldest += 1;
          write = writes[oldest];
        }
        if (write === undefined) continue;
        histogram.record(Math.max(1, Math.round((atMs - write.atMs) * 1_000)));
      }
      if (oldest < 10_000) return;
      writes.splice(0, oldest);
      oldest = 0;
    },
    summary: (): NonNullable<Sent["latencyUs"]> => ({
      p50: histogram.percentile(50),
      p99: histogram.percentile(99),
      p999: histogram.percentile(99.9),
      max: histogram.max,
    }),
  };
}

/** Connects to a broker as a publisher. */
async function generateFor(port: number, version: 4 | 5): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  // Without its connection, there is nothing left to send to.
  socket.on("error", () => process.exit(1));
  socket.on("close", () => process.exit(1));
  let windowMax = WINDOW_DEFAULT;
  const onAcknowledged = serveLoads(() => ({ socket, version, windowMax }));

  const parsing = parser({ protocolVersion: version });
  parsing.on("packet", (packet) => {
    if (packet.cmd !== "connack") return;
    const code = packet.reasonCode ?? packet.returnCode ?? 0;
    if (code !== 0) throw new Error(`the broker refuses the load generator with code ${code}`);
    windowMax = packet.properties?.receiveMaximum ?? WINDOW_DEFAULT;
    report({ kind: "ready", port });
  });
  const onPacket = (packet: Buffer): void => void parsing.parse(Buffer.from(packet));
  socket.on("data", createFrames({ onAcknowledged, onPacket }).push);
  socket.write(
    generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: version,
      clientId: `bench-generator-${process.pid}`,
      clean: true,
      keepalive: 0,
    }),
  );
}

const PUBLISH = 0x30;

/** Stands in for a broker; the loads go to the latest client that has subscribed. */
async function standIn(): Promise<void> {
  let subscriber: Receiver | null = null;
  const onAcknowledged = serveLoads(() => {
    if (subscriber === null) throw new Error("no client has subscribed yet");
    return subscriber;
  });

  function serve(socket: Socket): void {
    socket.setNoDelay(true);
    // The measurement sees that its subject has ended.
    socket.on("error", () => {});
    let client: IConnectPacket | null = null;
    const parsing = parser();
    const answer = (packet: Packet): void => {
      socket.write(generate(packet, { protocolVersion: client?.protocolVersion ?? 4 }));
    };

    function take(packet: Packet): void {
      if (packet.cmd === "connect") {
        client = packet;
        // Its messages carry no subscription identifiers.
        const properties = { subscriptionIdentifiersAvailable: false };
        answer({ cmd: "connack", sessionPresent: false, reasonCode: 0, returnCode: 0, properties });
      } else if (packet.cmd === "subscribe") {
        const granted = packet.subscriptions.map(({ qos }) => qos);
        answer({ cmd: "suback", messageId: packet.messageId ?? 0, granted });
        const version = client?.protocolVersion === 5 ? 5 : 4;
        const windowMax = client?.properties?.receiveMaximum ?? WINDOW_DEFAULT;
        subscriber = { socket, version, windowMax };
        report({ kind: "subscribed", version });
      } else if (packet.cmd === "unsubscribe") {
        const granted = packet.unsubscriptions.map(() => 0);
        answer({ cmd: "unsuback", messageId: packet.messageId ?? 0, granted });
      } else if (packet.cmd === "publish" && packet.qos === 1) {
        answer({ cmd: "puback", messageId: packet.messageId ?? 0, reasonCode: 0 });
      } else if (packet.cmd === "pingreq") answer({ cmd: "pingresp" });
    }

    parsing.on("packet", take);
    const frames = createFrames({
      onAcknowledged,
      onPacket: (packet) => {
        const isFlood = (packet[0] ?? 0) >> 4 === PUBLISH >> 4 && subscriber === null;
        if (isFlood) socket.write(pubackOf(packet));
        else parsing.parse(Buffer.from(packet));
      },
    });
    socket.on("data", (bytes: Buffer) => {
      // One write for what a read brought.
      socket.cork();
      frames.push(bytes);
      socket.uncork();
    });
  }

  const server = createServer(serve).listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on TCP has such an address.
  report({ kind: "ready", port: (server.address() as AddressInfo).port });
}

function pubackOf(publish: Buffer): Buffer {
  const header = (publish[1] ?? 0) < 128 ? 2 : 3;
  const idAt = header + 2 + publish.readUInt16BE(header);
  return Buffer.from([0x40, 2, publish[idAt] ?? 0, publish[idAt + 1] ?? 0]);
}

if (import.meta.main) {
  const [port, version] = process.argv.slice(2);
  if (port === undefined) await standIn();
  else await generateFor(Number(port), version === "4" ? 4 : 5);
}
