import type { Duplex } from "node:stream";
import type { IConnackPacket, Packet } from "mqtt-packet";
import { refusedBatch, Violation } from "../packets/errors.ts";
import type { ProtocolVersion, ReceivedMessage } from "../packets/message.ts";
import { type DroppedPacket, PacketParser } from "../packets/packet-parser.ts";
import { type ConnectionOptions, connackCode, openedBy, RECEIVE_MAXIMUM } from "./connection.ts";
import { createPace, createTicks } from "./pace.ts";

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

/**
 * A broker that takes fewer messages in flight than this may have the limits of a Mosquitto without settings: it drops
 * what does not fit into the socket and a queue of 1,000. So its messages are read as they come.
 */
const SMALL_WINDOW_MAX = 1_000;

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
  /** Whether to read on while messages wait for the tick; otherwise they wait in the socket. */
  readsOn = false;

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
  /** Writes of PUBACKs that the network has not taken yet. */
  #unwritten = 0;
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
   * Takes what was read: `bytes` from `start` to `end`, which begin with the rest that the call before has left.
   * A full batch is handed on before this returns. What is pending then lies in `bytes` and must stay there.
   *
   * @returns up to where it was used: what follows is the beginning of a packet.
   */
  take(bytes: Buffer, start: number, end: number): number {
    if (!this.#isOpen) return end;
    this.#ticks.came(end - start - this.#restBytes);
    try {
      this.#parse(bytes, start, end);
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
    this.readsOn = false;
  }

  /** Drops what there is and what comes, without acknowledging it: the broker sends it again. */
  close(): void {
    this.#isOpen = false;
  }

  #parse(bytes: Buffer, start: number, end: number): void {
    const packets = this.#packets;
    packets.at = start;
    for (;;) {
      const packet = packets.next(bytes, end);
      if (packet === null) return;
      if (!("kind" in packet)) {
        const { packetId } = packets;
        this.#note(packetId);
        this.#add(packet, packetId);
      } else if (packet.kind === "dropped") this.#drop(packet);
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

  #note(packetId: number): void {
    if (packetId !== 0) this.#connection.missing?.came(packetId, this.#packets.isDuplicate);
  }

  #drop({ message, qos, packetId }: DroppedPacket): void {
    this.#note(packetId);
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
    const { receiver, missing, onOpened } = this.#connection;
    if (!connack.sessionPresent) receiver.onNewSession();
    missing?.opened(connack.sessionPresent);
    const opened = openedBy(connack, this.#protocolVersion);
    this.readsOn = opened.grants.receiveMaximum <= SMALL_WINDOW_MAX;
    onOpened(opened);
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
    this.#unwritten += 1;
    socket.write(this.#pubacks.subarray(0, PUBACK_BYTES * count), this.#written);
    if (socket.writableLength === 0) return;
    // The network still reads from this buffer.
    this.isBlocked = true;
    this.#pubacks = newPubacks(this.#pubacksMax);
  }

  readonly #written = (): void => {
    this.#unwritten -= 1;
    // Not by `writableLength`: a request may be waiting behind the PUBACKs.
    if (!this.isBlocked || this.#unwritten > 0) return;
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

/** Runs a task once timers and other sockets had their turn. */
export function afterThisTurn(task: () => void): Disposable {
  const immediate = setImmediate(task);
  return { [Symbol.dispose]: () => clearImmediate(immediate) };
}
