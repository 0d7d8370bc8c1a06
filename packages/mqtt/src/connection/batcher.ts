import type { Duplex } from "node:stream";
import type { Clock } from "@weir/runtime";
import type { IConnackPacket, Packet } from "mqtt-packet";
import { refusedBatch, Violation } from "../packets/errors.ts";
import type { ProtocolVersion, ReceivedMessage } from "../packets/message.ts";
import { type DroppedPacket, PacketParser } from "../packets/packet-parser.ts";
import {
  type ConnectionOptions,
  connackCode,
  openedBy,
  RECEIVE_MAXIMUM,
  type Receiver,
} from "./connection.ts";

/** What a batcher needs of its connection. */
interface Wire {
  /** Where the acknowledgements go. */
  socket: () => Duplex;
  /** Called with each packet that is not about a message. The frame is valid only during the call. */
  onControl: (packet: Packet, frame: Buffer) => void;
  /** Ends the connection, because the broker broke the protocol or `onBatch` has thrown. */
  end: (reason: Error) => void;
  /** Called when the network has taken all acknowledgements after `isBlocked` was true. */
  onDrained: () => void;
}

const PUBREC = 0x50;
const PUBCOMP = 0x70;
const PUBACK_BYTES = 4;
const NONE: readonly number[] = Object.freeze([]);

/** Packet ids of QoS 2 that wait for an answer. */
interface Exchanges {
  /** Get PUBREC: the message is stored. */
  received: number[];
  /** Get PUBCOMP: the packet id is free again. */
  released: number[];
}

/**
 * Parses the bytes of one connection into batches of messages, acknowledges each batch that was taken, and
 * decides how long the next messages may wait for more.
 */
export class Batcher {
  /** Whether acknowledgements wait for the network. */
  isBlocked = false;

  readonly #connection: ConnectionOptions;
  readonly #protocolVersion: ProtocolVersion;
  readonly #wire: Wire;
  readonly #packets: PacketParser;
  readonly #pace: ReturnType<typeof createPace>;
  readonly #ticks: ReturnType<typeof createTicks>;
  readonly #rowsMax: number;
  readonly #bytesMax: number;
  readonly #pubacksMax: number;
  #isOpen = true;
  #isHurrying = false;
  /** How many bytes of a packet's beginning the newest `take` has left. */
  #restBytes = 0;
  #messages: ReceivedMessage[] = [];
  #bytes = 0;
  #pubacks: Buffer;
  #pubackCount = 0;
  /** `null` while there is no message of QoS 2, as nearly always. */
  #exchanges: Exchanges | null = null;
  /** What was handed on, and acknowledged, since `flush` was called. */
  #handed = 0;
  #acknowledged = 0;

  constructor(connection: ConnectionOptions, protocolVersion: ProtocolVersion, wire: Wire) {
    const { receiver, clock } = connection;
    const { rowsMax, bytesMax, delayMs } = receiver.batch;
    this.#connection = connection;
    this.#protocolVersion = protocolVersion;
    this.#wire = wire;
    this.#packets = new PacketParser(protocolVersion, receiver.brokenPackets);
    this.#pace = createPace({ allowed: protocolVersion === 5, delayMs, clock });
    this.#ticks = createTicks({ tickMs: delayMs, commits: receiver.commits, clock });
    this.#rowsMax = rowsMax;
    this.#bytesMax = bytesMax;
    this.#pubacksMax = Math.min(Math.max(rowsMax, 1), RECEIVE_MAXIMUM);
    this.#pubacks = newPubacks(this.#pubacksMax);
  }

  /**
   * Takes what was read: `bytes` up to `end`, which begin with the rest that the call before has left. A
   * full batch is handed on before this returns.
   *
   * @returns up to where it was used: what follows is the beginning of a packet.
   */
  take(bytes: Buffer, end: number): number {
    if (!this.#isOpen) return end;
    this.#ticks.came(end - this.#restBytes);
    try {
      this.#parse(bytes, end);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#wire.end(error);
      return end;
    }
    const used = this.#packets.at;
    this.#restBytes = end - used;
    return used;
  }

  /** Whether there is anything to flush. */
  get isPending(): boolean {
    return this.#messages.length > 0 || this.#pubackCount > 0 || this.#exchanges !== null;
  }

  /**
   * Hands on what there is.
   *
   * @returns how many messages were handed on since the call before, full batches included.
   */
  flush(): number {
    this.#handOn();
    const handed = this.#handed;
    if (handed > 0) this.#pace.took(this.#acknowledged);
    this.#handed = 0;
    this.#acknowledged = 0;
    return handed;
  }

  /** Runs a task at the next tick; `null` where the next messages may not wait for more. */
  atNextTick(task: () => void): Disposable | null {
    if (this.#isHurrying || !this.#pace.mayBatch()) return null;
    return this.#connection.clock.schedule(this.#ticks.untilNextMs(), task);
  }

  /** From now on nothing waits for a tick. */
  hurry(): void {
    this.#isHurrying = true;
  }

  /** Drops what there is and what comes, without acknowledging it: the broker sends it again. */
  close(): void {
    this.#isOpen = false;
  }

  #parse(bytes: Buffer, end: number): void {
    const packets = this.#packets;
    packets.at = 0;
    for (;;) {
      const packet = packets.next(bytes, end);
      if (packet === null) return;
      if (!("kind" in packet)) this.#add(packet, packets.packetId);
      else if (packet.kind === "dropped") this.#drop(packet);
      else if (packet.kind === "release") this.#release(packet.packetId);
      else {
        const control = packets.parseControl(packet.frame);
        if (control.cmd === "connack") this.#beginSession(control);
        this.#wire.onControl(control, packet.frame);
      }
    }
  }

  /** Hands on a batch; then sends its PUBACKs in one write, and the answers of QoS 2. */
  #handOn(): void {
    // Taken out first: `onBatch` may end the connection, which flushes, too.
    const batch = this.#messages;
    const acknowledged = this.#pubackCount;
    const exchanges = this.#exchanges;
    this.#messages = [];
    this.#bytes = 0;
    this.#pubackCount = 0;
    this.#exchanges = null;
    if (!this.#isOpen || !this.#isTaken(batch, exchanges?.released ?? NONE)) return;
    if (acknowledged > 0) this.#sendPubacks(acknowledged);
    if (exchanges !== null) this.#answer(exchanges);
    this.#handed += batch.length;
    this.#acknowledged += acknowledged;
  }

  #add(message: ReceivedMessage, packetId: number): void {
    if (!this.#isOpen) return;
    this.#messages.push(message);
    this.#bytes += message.payload.length;
    if (packetId !== 0) this.#acknowledge(message.qos, packetId);
    if (this.#messages.length >= this.#rowsMax || this.#bytes >= this.#bytesMax) this.#handOn();
  }

  #acknowledge(qos: 0 | 1 | 2, packetId: number): void {
    if (qos === 2) {
      this.#inExchange().received.push(packetId);
      return;
    }
    const at = PUBACK_BYTES * this.#pubackCount;
    this.#pubacks[at + 2] = packetId >> 8;
    this.#pubacks[at + 3] = packetId & 0xff;
    this.#pubackCount += 1;
    if (this.#pubackCount === this.#pubacksMax) this.#handOn();
  }

  #drop({ message, qos, packetId }: DroppedPacket): void {
    this.#connection.receiver.onDropped(message);
    if (packetId !== 0 && this.#isOpen) this.#acknowledge(qos, packetId);
  }

  #release(packetId: number): void {
    if (packetId === 0 || !this.#isOpen) return;
    // A batch's released ids count before its messages.
    if (this.#exchanges?.received.includes(packetId)) this.#handOn();
    this.#inExchange().released.push(packetId);
  }

  #inExchange(): Exchanges {
    this.#exchanges ??= { received: [], released: [] };
    return this.#exchanges;
  }

  #beginSession(connack: IConnackPacket): void {
    if (connackCode(connack) !== 0) return;
    const { receiver, onOpened } = this.#connection;
    if (!connack.sessionPresent) receiver.onNewSession();
    onOpened(openedBy(connack, this.#protocolVersion));
  }

  #isTaken(batch: readonly ReceivedMessage[], released: readonly number[]): boolean {
    if (batch.length === 0 && released.length === 0) return true;
    const { receiver } = this.#connection;
    try {
      receiver.onBatch(batch, released);
      return true;
    } catch (fault) {
      this.close();
      this.#wire.end(refusedBatch(fault));
      receiver.onFault(fault);
      return false;
    }
  }

  #sendPubacks(count: number): void {
    const socket = this.#wire.socket();
    if (!socket.writable) return;
    socket.write(this.#pubacks.subarray(0, PUBACK_BYTES * count), this.#written);
    if (socket.writableLength === 0) return;
    // The network still reads from this buffer.
    this.isBlocked = true;
    this.#pubacks = newPubacks(this.#pubacksMax);
  }

  readonly #written = (): void => {
    if (!this.isBlocked || this.#wire.socket().writableLength > 0) return;
    this.isBlocked = false;
    this.#wire.onDrained();
  };

  #answer({ received, released }: Exchanges): void {
    const socket = this.#wire.socket();
    if (!socket.writable) return;
    socket.write(Buffer.concat([answers(PUBREC, received), answers(PUBCOMP, released)]));
  }
}

/** Without a reason code they mean success in MQTT 5, too [MQTT-3.5.2.1] [MQTT-3.7.2.1]. */
function answers(first: number, packetIds: readonly number[]): Buffer {
  return Buffer.from(packetIds.flatMap((packetId) => [first, 2, packetId >> 8, packetId & 0xff]));
}

/** PUBACKs whose packet ids are to be filled in; without a reason code they mean success in MQTT 5, too [MQTT-3.4.2.1]. */
function newPubacks(count: number): Buffer {
  return Buffer.alloc(PUBACK_BYTES * count, Buffer.from([0x40, 0x02, 0, 0]));
}

/** A window that lets more through in each millisecond of the wait does not slow the broker down: 20,000 in a second. */
const WINDOW_PER_MS_MAX = 20;
/** So many batches of exactly one size look like a window. */
const SAME_SIZE_MIN = 8;
/** More than so many times as much without batching, and it was the window that held it back. */
const GAIN_MIN = 2;
/** After so many rounds without batching, batching is tried again. */
const ROUNDS_MAX = 64;
/** The pause after a first look that found no window; each further one doubles it. */
const LOOK_AGAIN_MS = 10_000;
const LOOK_AGAIN_MS_MAX = 300_000;

/** A time without batching, to see whether more arrives. */
interface Look {
  sinceMs: number;
  /** What has arrived since, and how many such rounds there were before. */
  count: number;
  rounds: number;
  /** What arrived in each millisecond while it was batched. */
  batchedPerMs: number;
}

/**
 * Decides whether messages may be batched. A broker sends no more than its window without
 * acknowledgements: with a window of 20, batching for 50 ms means 400 messages a second.
 *
 * Brokers do not announce their window. After several batches of exactly one size, nothing is batched
 * for a round of `delayMs`. If much more arrives meanwhile, that size is the window, and nothing is
 * batched for as long as it would slow the broker down.
 *
 * @param options.allowed false for MQTT 3.1.1, which has no Receive Maximum: nothing is ever batched.
 */
export function createPace(options: {
  allowed: boolean;
  delayMs: number;
  clock: Pick<Clock, "monotonic">;
}) {
  const { delayMs, clock } = options;
  const isPossible = options.allowed && delayMs > 0;
  /** The size of the batches before, how many of them had it, and since when. */
  let size = 0;
  let sameSize = 0;
  let sinceMs = clock.monotonic();
  let lastMs = sinceMs;
  /** The window, once a look has found it. */
  let window: number | null = null;
  let look: Look | null = null;
  let lookAgainAtMs = 0;
  let lookAgainMs = LOOK_AGAIN_MS;

  function watch(acknowledged: number): void {
    const nowMs = clock.monotonic();
    if (acknowledged === size) sameSize += 1;
    else {
      size = acknowledged;
      sameSize = 1;
      sinceMs = lastMs;
    }
    lastMs = nowMs;
    if (window !== null && size > window) window = null;
    if (size === 0 || size > WINDOW_PER_MS_MAX * delayMs) return;
    const looksLikeOne = sameSize >= SAME_SIZE_MIN && nowMs >= lookAgainAtMs;
    if (window === null ? !looksLikeOne : size !== window) return;
    const batchedPerMs = (size * sameSize) / Math.max(nowMs - sinceMs, 1);
    look = { sinceMs: nowMs, count: 0, rounds: 0, batchedPerMs };
  }

  function judge({ count, rounds, batchedPerMs, ...one }: Look): void {
    const nowMs = clock.monotonic();
    const passedMs = nowMs - one.sinceMs;
    if (passedMs < delayMs) return;
    const isInTheWay = count > GAIN_MIN * batchedPerMs * passedMs;
    if (isInTheWay) window = size;
    if (isInTheWay && rounds < ROUNDS_MAX) {
      look = { sinceMs: nowMs, count: 0, rounds: rounds + 1, batchedPerMs };
      return;
    }
    look = null;
    sameSize = 0;
    sinceMs = nowMs;
    lastMs = nowMs;
    if (window !== null) return;
    lookAgainAtMs = nowMs + lookAgainMs;
    lookAgainMs = Math.min(2 * lookAgainMs, LOOK_AGAIN_MS_MAX);
  }

  return {
    /** Notes that a batch was acknowledged, with how many QoS 1 messages. */
    took: (acknowledged: number): void => {
      if (!isPossible) return;
      if (look === null) {
        watch(acknowledged);
        return;
      }
      look.count += acknowledged;
      judge(look);
    },
    /** Whether the next messages may wait for more. */
    mayBatch: (): boolean => isPossible && look === null,
  };
}

/**
 * What should have arrived by the next tick at most. With more, the socket's buffer fills up and the
 * broker has to wait: with Mosquitto on one machine 50 ms for each read meant 90,000 messages/s
 * instead of 125,000.
 */
const TICK_BYTES_MAX = 65_536;
/** Where a tick has several commits, the broker waits for them anyway: then it may be so many times as much. */
const TICKS_AT_ONCE_MAX = 2;
/**
 * What is worth a wake-up and a commit: a tick in which more has arrived may come sooner, after a third of
 * the wait that is allowed. So rare messages wait for more, and frequent ones do not.
 */
const COMMIT_BYTES_ENOUGH = 24_576;
const TICKS_WHEN_ENOUGH = 3;
/** Less than this predicts nothing about the next tick. */
const TICK_BYTES_MIN = 16_384;

/**
 * Decides when what has arrived is handed on. All connections have the same ticks, so that the process
 * wakes up once for all of them; when much arrives, there are more.
 *
 * @param options.tickMs the longest wait.
 */
export function createTicks(options: {
  tickMs: number;
  commits: Receiver["commits"];
  clock: Pick<Clock, "monotonic">;
}) {
  const { tickMs, commits, clock } = options;
  let sinceMs = clock.monotonic();
  let bytes = 0;

  return {
    /** Notes how much arrived, now. */
    came: (bytesMore: number): void => {
      bytes += bytesMore;
    },
    /** How long to wait for the next tick, in milliseconds. */
    untilNextMs: (): number => {
      const nowMs = clock.monotonic();
      const tickBytes =
        bytes < TICK_BYTES_MIN ? 1 : (bytes * tickMs) / Math.max(nowMs - sinceMs, 1);
      sinceMs = nowMs;
      bytes = 0;
      return untilTick(nowMs, tickMs / ticksFor(tickBytes, commits()));
    },
  };
}

/** Into how many ticks the allowed wait is divided, by what arrives in it. */
function ticksFor(bytes: number, commits: number): number {
  const enough = Math.min(Math.ceil(bytes / (COMMIT_BYTES_ENOUGH * commits)), TICKS_WHEN_ENOUGH);
  const atOnce = Math.min(commits, TICKS_AT_ONCE_MAX);
  return Math.max(enough, Math.ceil(bytes / (TICK_BYTES_MAX * atOnce)));
}

/** A timer may be early: it would find the same tick again. */
const NEAR_MS = 4;

function untilTick(nowMs: number, stepMs: number): number {
  const waitMs = stepMs - (nowMs % stepMs);
  return waitMs < Math.min(stepMs / 4, NEAR_MS) ? waitMs + stepMs : waitMs;
}

/** Runs a task once timers and other sockets had their turn. */
export function afterThisTurn(task: () => void): Disposable {
  const immediate = setImmediate(task);
  return { [Symbol.dispose]: () => clearImmediate(immediate) };
}
