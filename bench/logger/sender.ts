import type { Socket } from "node:net";
import { createHistogram } from "node:perf_hooks";
import {
  type Load,
  type Messages,
  messagesOf,
  type Order,
  type Report,
  type Sent,
} from "./load.ts";

/** Where a process sends its loads. */
interface Receiver {
  socket: Socket;
  version: 4 | 5;
  /** The most that it takes unacknowledged. */
  windowMax: number;
}

/**
 * Sends the loads that the parent process orders, and ends with it.
 *
 * @param receiver the receiver of the loads at the time of an order.
 */
export function serveLoads(receiver: () => Receiver): {
  /** To be called when so many more were acknowledged. */
  acknowledged(count: number): void;
} {
  let sender: ReturnType<typeof createSender> | null = null;

  function prepare(load: Load): void {
    const { socket, version, windowMax } = receiver();
    const messages = messagesOf(load, version);
    const onSent = (sent: Sent): void => report({ kind: "sent", sent });
    sender = createSender({ socket, load, messages, windowMax, onSent });
    report({ kind: "prepared", bytesEach: messages.payloadBytes });
  }

  process.on("message", (order: Order) => {
    if (order.kind === "prepare") prepare(order.load);
    else sender?.start();
  });
  process.on("disconnect", () => process.exit(0));
  return { acknowledged: (count) => sender?.acknowledged(count) };
}

/** Reports to the parent process. */
export function report(message: Report): void {
  process.send?.(message);
}

interface SenderOptions {
  socket: Socket;
  load: Load;
  messages: Messages;
  windowMax: number;
  onSent: (sent: Sent) => void;
}

/** Large enough for few system calls, small enough that acknowledgements are read in between. */
const WRITE_MESSAGES_MAX = 1_000;
/** What is encoded before the start; longer loads encode the rest as they go. */
const ENCODED_BYTES_MAX = 768 * 1024 * 1024;
const EVEN_SLICE_MS = 1;

/** Sends one load over a socket. */
function createSender(options: SenderOptions) {
  const { socket, load, onSent } = options;
  const { count, qos, pace } = load;
  const window = qos === 0 ? Number.POSITIVE_INFINITY : windowOf(options);
  const packets = encodeBefore(options);
  const latency = qos === 1 && pace.kind === "even" ? createLatency() : null;
  let sent = 0;
  let acknowledged = 0;
  let isBlocked = false;
  let firstMs = 0;
  let usageBefore = process.cpuUsage();

  function start(): void {
    usageBefore = process.cpuUsage();
    firstMs = nowMs();
    if (pace.kind === "saturation") pump(count);
    else follow(pace.perSecond);
  }

  /** Sends what is due, as far as window and network allow. */
  function pump(due: number): void {
    while (!isBlocked && sent < due && sent - acknowledged < window) {
      const room = window - (sent - acknowledged);
      const slice = Math.min(WRITE_MESSAGES_MAX, due - sent, room);
      latency?.sent(sent + slice, nowMs());
      const isFlowing = socket.write(
        packets(sent, slice),
        sent + slice === count ? last : undefined,
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

  function last(): void {
    if (qos === 0) finish();
  }

  function finish(): void {
    const { user, system } = process.cpuUsage(usageBefore);
    onSent({
      count,
      acknowledged,
      firstMs,
      lastMs: nowMs(),
      latencyUs: latency?.summary() ?? null,
      cpuUs: user + system,
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

const nowMs = (): number => performance.timeOrigin + performance.now();

function windowOf({ load, windowMax }: SenderOptions): number {
  return load.pace.kind === "saturation" ? Math.min(load.pace.window, windowMax) : windowMax;
}

/** Packets out of what is encoded now; for an even pace each slice is encoded when it is due. */
function encodeBefore({ load, messages }: SenderOptions): (from: number, count: number) => Buffer {
  if (load.pace.kind === "even") return messages.encode;
  const { packetBytes } = messages;
  const encoded = Math.min(load.count, Math.floor(ENCODED_BYTES_MAX / packetBytes));
  const packets = messages.encode(0, encoded);
  return (from, count) =>
    from + count <= encoded
      ? packets.subarray(from * packetBytes, (from + count) * packetBytes)
      : messages.encode(from, count);
}

/** Times from sending to acknowledgement, of messages that are acknowledged in the order of sending. */
interface Latency {
  sent(through: number, atMs: number): void;
  acknowledged(through: number, atMs: number): void;
  summary(): NonNullable<Sent["latencyUs"]>;
}

export function createLatency(): Latency {
  const histogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
  // One for each write: messages of one write share their time.
  const writes: { through: number; atMs: number }[] = [];
  let oldest = 0;
  let done = 0;

  return {
    sent: (through, atMs) => writes.push({ through, atMs }),
    acknowledged: (through, atMs) => {
      for (; done < through; done += 1) {
        let write = writes[oldest];
        while (write !== undefined && write.through <= done) {
          oldest += 1;
          write = writes[oldest];
        }
        if (write !== undefined)
          histogram.record(Math.max(1, Math.round((atMs - write.atMs) * 1_000)));
      }
      if (oldest < 10_000) return;
      writes.splice(0, oldest);
      oldest = 0;
    },
    summary: () => ({
      p50: histogram.percentile(50),
      p99: histogram.percentile(99),
      p999: histogram.percentile(99.9),
      max: histogram.max,
    }),
  };
}
