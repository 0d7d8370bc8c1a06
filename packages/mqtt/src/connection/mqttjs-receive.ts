import { type Duplex, Transform } from "node:stream";
import type { Clock } from "@weir/runtime";
import type { MqttClient } from "mqtt";
import type { Packet } from "mqtt-packet";
import { refusedBatch } from "../outage.ts";
import { isViolation } from "../packets/errors.ts";
import { byteAt } from "../packets/packet-parser.ts";
import { openedBy } from "../shortfalls.ts";
import type {
  ConnectionOptions,
  ProtocolVersion,
  ReceivedMessage,
  Receiver,
} from "./connection.ts";
import { type Batch, type BatchOptions, createBatch, createPackets } from "./intake.ts";
import { createPace, createTicks } from "./pace.ts";
import { createControlParser } from "./requests.ts";

const CONNACK = 2;
const NOTHING = Buffer.alloc(0);

/**
 * Takes PUBLISH and PUBREL out of what MQTT.js reads, before it parses them, and hands the messages on.
 * MQTT.js would acknowledge QoS 2 before it is stored, end the connection over a topic or a property
 * that it does not like, and handle one message after the other, where a batch needs many. Call it
 * before the client connects.
 *
 * @param end ends the connection.
 */
export function receive(
  client: MqttClient,
  { receiver, clock, onOpened }: Pick<ConnectionOptions, "receiver" | "clock" | "onOpened">,
  { protocolVersion, end }: { protocolVersion: ProtocolVersion; end: (reason: Error) => void },
): Batching {
  const batching = createBatching({
    receiver,
    // Without a Receive Maximum the broker's window is small: it sends nothing while messages wait.
    isAllowed: protocolVersion === 5,
    clock,
    // It exists once CONNECT was sent, and stays the only one.
    socket: () => client.stream,
    refuse: (fault) => {
      end(refusedBatch(fault));
      receiver.onFault(fault);
    },
  });

  const packets = createPackets({
    protocolVersion,
    batch: batching,
    receiver,
    onControl: (frame) => {
      // MQTT.js comes to it later than the messages behind it come here.
      if (byteAt(frame, 0) >> 4 === CONNACK) noteOpened(parseControl(frame));
      others.push(frame);
    },
  });
  const parseControl = createControlParser(protocolVersion);

  function noteOpened(packet: Packet): void {
    if (packet.cmd !== "connack" || (packet.reasonCode ?? packet.returnCode ?? 0) !== 0) return;
    onOpened?.(openedBy(packet, protocolVersion));
  }

  /** The beginning of a packet. */
  let rest: Buffer = NOTHING;
  let isOpen = true;

  function take(chunk: Buffer): void {
    if (!isOpen) return;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    try {
      rest = bytes.subarray(packets.scan(bytes, bytes.length));
    } catch (error) {
      if (!(error instanceof Error && isViolation(error))) throw error;
      isOpen = false;
      // What came before it is whole.
      batching.finish();
      end(error);
    }
  }

  const others = new Transform({
    transform: (chunk, _, done) => {
      take(chunk);
      done();
    },
  });
  // Private, but the only place where the stream is known before MQTT.js begins to read it.
  const builder = client as unknown as { streamBuilder: (one: MqttClient) => Duplex };
  const buildStream = builder.streamBuilder;
  builder.streamBuilder = (one) => {
    const stream = buildStream(one);
    const pipe = stream.pipe.bind(stream);
    const pipeOthers: Duplex["pipe"] = (reader) => pipe(others).pipe(reader);
    return Object.assign(stream, { pipe: pipeOthers });
  };

  // Nothing is acknowledged behind a DISCONNECT [MQTT-3.14.4-1].
  client.on("packetsend", ({ cmd }) => {
    if (cmd === "disconnect") batching.stop();
  });
  client.once("close", batching.stop);
  return batching;
}

/** Gathers the messages of one connection into batches, and acknowledges them. */
export interface Batching extends Pick<Batch, "add" | "acknowledge" | "receive" | "release"> {
  /** Hands on what there is, and from now on each message in the turn in which it comes. */
  hurry(): void;
  /** Hands on what there is, and takes no more. */
  finish(): void;
  /** Forgets what there is, and takes no more: the broker sends it again. */
  stop(): void;
}

/** @param isAllowed whether messages may wait longer than the turn of the event loop that brought them. */
function createBatching(
  options: Omit<BatchOptions, "onDrained"> & {
    receiver: Pick<Receiver, "commits">;
    isAllowed: boolean;
    clock: Clock;
  },
): Batching {
  const { receiver, clock } = options;
  const { delayMs } = receiver.batch;
  // MQTT.js reads on by itself, so nothing waits for PUBACKs that the network has not taken.
  const batch = createBatch({ ...options, onDrained: () => {} });
  const pace = createPace({ allowed: options.isAllowed, delayMs, clock });
  const ticks = createTicks({ tickMs: delayMs, commits: receiver.commits, clock });
  let isHurrying = false;
  let timer: Disposable | null = null;

  function forgetTimer(): void {
    timer?.[Symbol.dispose]();
    timer = null;
  }

  function flush(): void {
    forgetTimer();
    batch.flush();
    const { messages, acknowledged } = batch.count();
    if (messages > 0) pace.took(acknowledged);
  }

  function stop(): void {
    forgetTimer();
    batch.close();
  }

  function later(): void {
    timer ??=
      isHurrying || !pace.gathers()
        ? afterThisTurn(flush)
        : clock.schedule(ticks.untilNextMs(), flush);
  }

  function came({ topic, payload }: ReceivedMessage): void {
    ticks.came(topic.length + payload.length);
  }

  return {
    add: (message, packetId) => {
      came(message);
      batch.add(message, packetId);
      later();
    },
    acknowledge: (packetId) => {
      batch.acknowledge(packetId);
      later();
    },
    receive: (message, packetId) => {
      if (message !== null) came(message);
      batch.receive(message, packetId);
      later();
    },
    release: (packetId) => {
      batch.release(packetId);
      later();
    },
    hurry: () => {
      isHurrying = true;
      flush();
    },
    finish: () => {
      flush();
      stop();
    },
    stop,
  };
}

function afterThisTurn(task: () => void): Disposable {
  const immediate = setImmediate(task);
  return { [Symbol.dispose]: () => clearImmediate(immediate) };
}
