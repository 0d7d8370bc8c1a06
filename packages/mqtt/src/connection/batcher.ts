import type { Duplex } from "node:stream";
import type { IConnackPacket, Packet } from "mqtt-packet";
import { refusedBatch } from "../packets/errors.ts";
import type { ProtocolVersion, ReceivedMessage } from "../packets/message.ts";
import { type DroppedPacket, PacketParser } from "../packets/packet-parser.ts";
import { type ConnectionOptions, openedBy, RECEIVE_MAXIMUM, type Receiver } from "./connection.ts";

interface BatcherOptions {
  receiver: Receiver;
  onOpened: ConnectionOptions["onOpened"];
  protocolVersion: ProtocolVersion;
  /** Where the acknowledgements go. */
  socket: () => Duplex;
  /** Called with each packet that is not about a message. The frame is valid only during the call. */
  onControl: (frame: Buffer) => void;
  /** Ends the connection, because `onBatch` has thrown. */
  end: (reason: Error) => void;
  /** Called when the network has taken all acknowledgements after `isBlocked` was true. */
  onDrained: () => void;
}

const CONNACK = 0x20;
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

/** Parses the bytes of one connection into batches of messages, and acknowledges each batch that was taken. */
export class Batcher {
  /** Whether acknowledgements wait for the network. */
  isBlocked = false;

  readonly #options: BatcherOptions;
  readonly #packets: PacketParser;
  readonly #rowsMax: number;
  readonly #bytesMax: number;
  readonly #pubacksMax: number;
  #isOpen = true;
  #messages: ReceivedMessage[] = [];
  #bytes = 0;
  #pubacks: Buffer;
  #pubackCount = 0;
  /** `null` while there is no message of QoS 2, as nearly always. */
  #exchanges: Exchanges | null = null;
  #counts = { messages: 0, acknowledged: 0 };

  constructor(options: BatcherOptions) {
    const { rowsMax, bytesMax } = options.receiver.batch;
    this.#options = options;
    this.#packets = new PacketParser(options.protocolVersion, options.receiver.brokenPackets);
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
   * @throws Violation. The packets before it are valid, and `flush` hands them on.
   */
  take(bytes: Buffer, end: number): number {
    const packets = this.#packets;
    packets.at = 0;
    for (;;) {
      const packet = packets.next(bytes, end);
      if (packet === null) return packets.at;
      if (!("kind" in packet)) this.#add(packet, packets.packetId);
      else if (packet.kind === "dropped") this.#drop(packet);
      else if (packet.kind === "release") this.#release(packet.packetId);
      else {
        if (packet.frame[0] === CONNACK) this.#beginSession(packet.frame);
        this.#options.onControl(packet.frame);
      }
    }
  }

  /** Parses a packet that `onControl` was called with. @throws Violation when it is malformed. */
  parseControl(frame: Buffer): Packet {
    return this.#packets.parseControl(frame);
  }

  /** Whether there is anything to flush. */
  get isPending(): boolean {
    return this.#messages.length > 0 || this.#pubackCount > 0 || this.#exchanges !== null;
  }

  /** Hands on what there is; then sends its PUBACKs in one write, and the answers of QoS 2. */
  flush(): void {
    // Taken out first: `onBatch` may end the connection, which flushes, too.
    const batch = this.#messages;
    const acknowledged = this.#pubackCount;
    const exchanges = this.#exchanges;
    this.#messages = [];
    this.#bytes = 0;
    this.#pubackCount = 0;
    this.#exchanges = null;
    if (!this.#isOpen || !this.#hand(batch, exchanges?.released ?? NONE)) return;
    if (acknowledged > 0) this.#sendPubacks(acknowledged);
    if (exchanges !== null) this.#answer(exchanges);
    this.#counts.messages += batch.length;
    this.#counts.acknowledged += acknowledged;
  }

  /** How many messages were handed on, and how many acknowledged, since the last call. */
  takeCounts(): { messages: number; acknowledged: number } {
    const counts = this.#counts;
    this.#counts = { messages: 0, acknowledged: 0 };
    return counts;
  }

  /** Drops what there is and what comes, without acknowledging it: the broker sends it again. */
  close(): void {
    this.#isOpen = false;
  }

  #add(message: ReceivedMessage, packetId: number): void {
    if (!this.#isOpen) return;
    this.#messages.push(message);
    this.#bytes += message.payload.length;
    if (packetId !== 0) {
      if (message.qos === 2) this.#inExchange().received.push(packetId);
      else this.#acknowledge(packetId);
    }
    if (this.#messages.length >= this.#rowsMax || this.#bytes >= this.#bytesMax) this.flush();
  }

  #acknowledge(packetId: number): void {
    const at = PUBACK_BYTES * this.#pubackCount;
    this.#pubacks[at + 2] = packetId >> 8;
    this.#pubacks[at + 3] = packetId & 0xff;
    this.#pubackCount += 1;
    if (this.#pubackCount === this.#pubacksMax) this.flush();
  }

  #drop({ message, qos, packetId }: DroppedPacket): void {
    this.#options.receiver.onDropped(message);
    if (packetId === 0 || !this.#isOpen) return;
    if (qos === 2) this.#inExchange().received.push(packetId);
    else this.#acknowledge(packetId);
  }

  #release(packetId: number): void {
    if (packetId === 0 || !this.#isOpen) return;
    // A batch's released ids count before its messages.
    if (this.#exchanges?.received.includes(packetId)) this.flush();
    this.#inExchange().released.push(packetId);
  }

  #inExchange(): Exchanges {
    this.#exchanges ??= { received: [], released: [] };
    return this.#exchanges;
  }

  #beginSession(frame: Buffer): void {
    const { receiver, onOpened, protocolVersion } = this.#options;
    // The first byte says that it is one.
    const connack = this.parseControl(frame) as IConnackPacket;
    if (connackCode(connack) !== 0) return;
    if (!connack.sessionPresent) receiver.onNewSession();
    onOpened(openedBy(connack, protocolVersion));
  }

  /** Returns whether the batch was taken. */
  #hand(batch: readonly ReceivedMessage[], released: readonly number[]): boolean {
    if (batch.length === 0 && released.length === 0) return true;
    const { receiver, end } = this.#options;
    try {
      receiver.onBatch(batch, released);
      return true;
    } catch (fault) {
      this.close();
      end(refusedBatch(fault));
      receiver.onFault(fault);
      return false;
    }
  }

  #sendPubacks(count: number): void {
    const socket = this.#options.socket();
    if (!socket.writable) return;
    socket.write(this.#pubacks.subarray(0, PUBACK_BYTES * count), this.#written);
    if (socket.writableLength === 0) return;
    // The network still reads from this buffer.
    this.isBlocked = true;
    this.#pubacks = newPubacks(this.#pubacksMax);
  }

  readonly #written = (): void => {
    if (!this.isBlocked || this.#options.socket().writableLength > 0) return;
    this.isBlocked = false;
    this.#options.onDrained();
  };

  #answer({ received, released }: Exchanges): void {
    const socket = this.#options.socket();
    if (!socket.writable) return;
    socket.write(Buffer.concat([answers(PUBREC, received), answers(PUBCOMP, released)]));
  }
}

/** The return code or reason code of CONNACK; 0 is success. */
export function connackCode({ reasonCode, returnCode }: IConnackPacket): number {
  return reasonCode ?? returnCode ?? 0;
}

/** Without a reason code they mean success in MQTT 5, too [MQTT-3.5.2.1] [MQTT-3.7.2.1]. */
function answers(first: number, packetIds: readonly number[]): Buffer {
  return Buffer.from(packetIds.flatMap((packetId) => [first, 2, packetId >> 8, packetId & 0xff]));
}

/** PUBACKs whose packet ids are to be filled in; without a reason code they mean success in MQTT 5, too [MQTT-3.4.2.1]. */
function newPubacks(count: number): Buffer {
  return Buffer.alloc(PUBACK_BYTES * count, Buffer.from([0x40, 0x02, 0, 0]));
}
