import { join } from "node:path";
import { generate } from "mqtt-packet";
import { type Child, startChild } from "../process.ts";

/** The messages that a subject receives in a measurement. */
export interface Load {
  count: number;
  qos: 0 | 1;
  /** Messages go to these in turn. All have the same length in bytes. */
  topics: readonly string[];
  /** What they say: a reading of an outbox (the default), or the state of a device with four attributes. */
  content?: Content;
  pace: Pace;
}

type Content = "reading" | "state";

/** As fast as acknowledgements come, with so many under way; or evenly at a rate. */
type Pace = { kind: "saturation"; window: number } | { kind: "even"; perSecond: number };

/** The result of sending a load. Times are milliseconds since the epoch, with fractions. */
export interface Sent {
  count: number;
  acknowledged: number;
  firstMs: number;
  /** When the last one was acknowledged; at QoS 0, when it was given to the network. */
  lastMs: number;
  /** From sending a message to its acknowledgement, in microseconds; of an even QoS 1 load. */
  latencyUs: { p50: number; p99: number; p999: number; max: number } | null;
  /** Processor time that the sending process has used for it. */
  cpuUs: number;
}

/** An order to a process that sends loads. */
export type Order = { kind: "prepare"; load: Load } | { kind: "start" };

/** What such a process reports. */
export type Report =
  /** A stand-in listens; a generator is connected. */
  | { kind: "ready"; port: number }
  /** A client has subscribed to a stand-in. */
  | { kind: "subscribed"; version: number }
  | { kind: "prepared"; bytesEach: number }
  | { kind: "sent"; sent: Sent };

/** A process that sends loads. */
export interface Source extends AsyncDisposable {
  pid: number;
  port: number;
  /** Resolves with its version when a client has subscribed to a stand-in. */
  subscribed(): Promise<number>;
  /** Encodes a load without sending it. Resolves with the size of one payload. */
  prepare(load: Load): Promise<number>;
  /** Sends what was prepared. Resolves when all of it is acknowledged. */
  send(): Promise<Sent>;
}

/** Connects the load generator to a broker. */
export function startGenerator(port: number, version: 4 | 5): Promise<Source> {
  return start([String(port), String(version)]);
}

/** Starts a stand-in for a broker. */
export function startStandIn(): Promise<Source> {
  return start([]);
}

async function start(args: readonly string[]): Promise<Source> {
  await using starting = new AsyncDisposableStack();
  const child = starting.use(
    await startChild(process.execPath, [join(import.meta.dirname, "sender.ts"), ...args], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    }),
  );
  const next = reportsOf(child);
  const order = (order: Order): void => void child.process.send(order);
  const { port } = await next("ready");
  const started = starting.move();
  return {
    pid: child.pid,
    port,
    subscribed: async () => (await next("subscribed")).version,
    prepare: async (load) => {
      order({ kind: "prepare", load });
      return (await next("prepared")).bytesEach;
    },
    send: async () => {
      order({ kind: "start" });
      return (await next("sent")).sent;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** @returns a function that waits for the next report of a kind; one that came before is kept for it. */
function reportsOf(child: Child) {
  const reports = new Map<string, PromiseWithResolvers<Report>>();
  const reportOf = (kind: string): PromiseWithResolvers<Report> => {
    const report = reports.get(kind) ?? Promise.withResolvers<Report>();
    reports.set(kind, report);
    return report;
  };
  child.process.on("message", (report: Report) => reportOf(report.kind).resolve(report));
  return async <K extends Report["kind"]>(kind: K): Promise<Extract<Report, { kind: K }>> => {
    const report = await Promise.race([reportOf(kind).promise, child.failed]);
    reports.delete(kind);
    // Reports are kept by their kind.
    return report as Extract<Report, { kind: K }>;
  };
}

/** The messages of a load, encoded as PUBLISH packets that all have the same size. */
export interface Messages {
  packetBytes: number;
  payloadBytes: number;
  /** The packets of messages `from` to `from + count`, one after the other. */
  encode(from: number, count: number): Buffer;
}

export interface MessagesOptions {
  version: 4 | 5;
  qos: 0 | 1;
  topics: readonly string[];
  content?: Content;
  /** The name in the payloads. */
  publisher: string;
  epoch: string;
  epochSeconds: number;
}

// `number` and `seq` together, so that payloads keep their size while `seq` grows.
const DIGITS = 10;
const PACKET_IDS = 65_535;

/**
 * Encodes what an outbox sends: a reading with publisher, epoch, and a seq that counts for each topic; or states
 * of four decimals. The head of a packet is copied from a template: encoding costs 1 µs, a broker takes several times that.
 */
export function createMessages(options: MessagesOptions): Messages {
  const { version, qos, topics, content = "reading", publisher, epoch, epochSeconds } = options;
  const between = `,"epochtime":"${epochSeconds}","publisher":"${publisher}","epoch":"${epoch}","seq":`;

  function readingOf(index: number): string {
    const seq = String(Math.floor(index / topics.length) + 1);
    const smallest = 10 ** (DIGITS - seq.length - 1);
    const number = smallest + ((index * 7_919) % (9 * smallest));
    return `{"number":${number}${between}${seq}}`;
  }

  const payloadOf = content === "reading" ? readingOf : stateOf;
  const payload = payloadOf(0);
  const publish = {
    cmd: "publish",
    payload,
    qos,
    messageId: 1,
    dup: false,
    retain: false,
  } as const;
  const templates = topics.map((topic) =>
    generate({ ...publish, topic }, { protocolVersion: version }),
  );
  const packetBytes = templates[0]?.length;
  if (packetBytes === undefined) throw new RangeError("a load needs a topic");
  if (templates.some(({ length }) => length !== packetBytes)) {
    throw new RangeError(`the topics of a load have one length, not those of ${topics.join(", ")}`);
  }
  const headBytes = packetBytes - payload.length;
  // The packet id, and in MQTT 5 the length of no properties, end the head.
  const idAt = headBytes - (version === 5 ? 3 : 2);

  return {
    packetBytes,
    payloadBytes: payload.length,
    encode: (from, count) => {
      const packets = Buffer.allocUnsafe(count * packetBytes);
      for (let at = 0, index = from; at < packets.length; at += packetBytes, index += 1) {
        // The index is within the templates.
        (templates[index % templates.length] as Buffer).copy(packets, at, 0, headBytes);
        packets.write(payloadOf(index), at + headBytes, "latin1");
        if (qos === 1) packets.writeUInt16BE((index % PACKET_IDS) + 1, at + idAt);
      }
      return packets;
    },
  };
}

/** Numbers with as many digits each, that change from one message to the next. */
function stateOf(index: number): string {
  const step = (index * 7_919) % 1_000;
  const [tens, hundreds] = [String(100 + (step % 100)).slice(1), String(1_000 + step).slice(1)];
  return `{"temperature":21.${tens},"humidity":45.${hundreds},"pressure":1013.${tens},"battery":87.${hundreds}}`;
}

const PUBACK = 0x40;
const NOTHING = Buffer.alloc(0);

/** Cuts the bytes of a socket into MQTT packets. */
export function createFrames({
  onAcknowledged,
  onPacket,
}: {
  /** PUBACKs come by the million and are only counted: called once for all PUBACKs of a read. */
  onAcknowledged: (count: number) => void;
  /** Gets every other packet, whole. */
  onPacket: (packet: Buffer) => void;
}) {
  let rest: Buffer = NOTHING;
  return {
    push: (read: Buffer): void => {
      const bytes = rest.length === 0 ? read : Buffer.concat([rest, read]);
      let at = 0;
      let acknowledged = 0;
      for (;;) {
        const end = endOfPacket(bytes, at);
        if (end === null) break;
        if (bytes[at] === PUBACK) acknowledged += 1;
        else onPacket(bytes.subarray(at, end));
        at = end;
      }
      rest = bytes.subarray(at);
      if (acknowledged > 0) onAcknowledged(acknowledged);
    },
  };
}

/** Where the packet that begins at `start` ends; `null` while it is not whole. */
function endOfPacket(bytes: Buffer, start: number): number | null {
  let length = 0;
  for (let place = 0; place < 4; place += 1) {
    const byte = bytes[start + 1 + place];
    if (byte === undefined) return null;
    length += (byte & 127) * 128 ** place;
    if (byte < 128) {
      const end = start + 2 + place + length;
      return end <= bytes.length ? end : null;
    }
  }
  throw new Error("a packet whose length takes more than four bytes [MQTT-1.5.5-1]");
}
