import { connect, isIP, type OnReadOpts, type Socket } from "node:net";
import { connect as connectEncrypted, type ConnectionOptions as TlsOptions } from "node:tls";
import type { Clock } from "@weir/runtime";
import { PACKET_BYTES_MAX } from "../packets/message.ts";
import { afterThisTurn, type Batcher } from "./batcher.ts";
import type { ConnectionOptions } from "./connection.ts";

/** What one read takes at most, and what waits for a tick. */
const READ_BYTES_MAX = 262_144;
/**
 * For so long one read may follow the other before timers and other sockets have a turn. Node reads up
 * to 32 times in a row: 8 MiB of what is slow to store, such as topics that are all new, took 4 s.
 */
const SLICE_MS = 25;

/**
 * Reads a socket once in a tick instead of whenever something has arrived. Messages wait in the socket
 * meanwhile: that costs nothing, and one read takes them all. Where the broker may drop what does not fit into the
 * socket, they wait in the buffer here. With TLS, Node decrypts what one read
 * brought record by record; a broker may write a record for each message, so all of them are one read here.
 */
export class SocketReader {
  readonly socket: Socket;
  readonly #batcher: Batcher;
  readonly #clock: Clock;
  readonly #missing: ConnectionOptions["missing"];
  readonly #isEncrypted: boolean;
  // What `take` leaves is less than a packet, so there is always space behind it.
  readonly #bytes = Buffer.allocUnsafeSlow(PACKET_BYTES_MAX + 2 * READ_BYTES_MAX);
  /** What was read ends here. */
  #end = 0;
  /** What lies before it was taken. */
  #used = 0;
  /** Of the read that goes on. */
  #readBytes = 0;
  /** Ends the read, once all records of this turn are there. */
  #ending: Disposable | null = null;
  /** The wait for the next tick; and for other sockets. */
  #tick: Disposable | null = null;
  #turn: Disposable | null = null;
  /** How long the reads have taken since timers and other sockets had a turn. */
  #sliceMs = 0;

  constructor(
    options: Pick<ConnectionOptions, "url" | "tls" | "clock" | "missing">,
    batcher: Batcher,
  ) {
    this.#batcher = batcher;
    this.#clock = options.clock;
    this.#missing = options.missing;
    const { protocol, hostname, port } = new URL(options.url);
    this.#isEncrypted = protocol === "mqtts:";
    // An IPv6 address has brackets in a URL only.
    const host = hostname.replace(/^\[|\]$/g, "");
    const onread = {
      buffer: () => this.#bytes.subarray(this.#end, this.#end + READ_BYTES_MAX),
      // False stops reading until `resume`. With TLS the rest of what was read still comes.
      callback: (bytesRead: number) => this.#take(bytesRead),
    };
    if (!this.#isEncrypted) {
      this.socket = connect({ host, port: Number(port || 1883), noDelay: true, onread });
      return;
    }
    const { ca = null, certificate = null, key = null } = options.tls ?? {};
    // Node's own types leave `onread` out.
    const encrypted: TlsOptions & { onread: OnReadOpts } = {
      host,
      port: Number(port || 8883),
      onread,
      // An address is no server name [RFC 6066, 3].
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== null && { ca }),
      ...(certificate !== null && { cert: certificate }),
      ...(key !== null && { key }),
    };
    this.socket = connectEncrypted(encrypted).setNoDelay();
  }

  /** Reads on at once, if it waits. */
  resume(): void {
    this.#forgetTimers();
    this.#sliceMs = 0;
    this.socket.resume();
  }

  /** Reads on when the network has taken the PUBACKs, unless a time for that is set. */
  drained(): void {
    this.#readOn();
  }

  /** Hands on what was read, and drops what is read from now on. */
  stop(): void {
    if (this.#ending !== null) this.#parse();
    this.#batcher.flush();
    this.#batcher.close();
    this.#forgetTimers();
  }

  #take(bytesRead: number): boolean {
    this.#moveRest(bytesRead);
    this.#end += bytesRead;
    this.#readBytes += bytesRead;
    if (!this.#isEncrypted || this.#readBytes > READ_BYTES_MAX) {
      const mayFollow = this.#endRead();
      this.#moveRest(0);
      return mayFollow;
    }
    this.#ending ??= afterThisTurn(() => {
      if (!this.#endRead()) this.socket.pause();
    });
    return true;
  }

  /**
   * Makes space: moves the beginning of a packet, and `newBytes` behind it, to the front. Only within `#take`,
   * because Node asks for the place of the next bytes after each call.
   */
  #moveRest(newBytes: number): void {
    // What waits for the tick is not moved.
    if (this.#used === 0 || this.#batcher.isPending) return;
    this.#bytes.copyWithin(0, this.#used, this.#end + newBytes);
    this.#end -= this.#used;
    this.#used = 0;
  }

  /** Hands on what the read brought, unless it may wait for the tick. @returns whether the next read may follow at once. */
  #endRead(): boolean {
    const startMs = this.#clock.monotonic();
    this.#parse();
    const readBytes = this.#readBytes;
    this.#readBytes = 0;
    if (this.#readsOn && readBytes > READ_BYTES_MAX / 2) this.#missing?.fellBehind();
    if (this.#readsOn && this.#tick !== null && this.#end <= READ_BYTES_MAX) return true;
    // Before the next read overwrites the buffer.
    const handed = this.#batcher.flush();
    this.#sliceMs += this.#clock.monotonic() - startMs;
    // `drained` goes on. With TLS the network always takes what is written a little later.
    if (this.#batcher.isBlocked && !this.#isEncrypted) return false;
    // After a read that filled more than half the buffer there is no wait: the socket's own has an end.
    if (handed > 0 && readBytes <= READ_BYTES_MAX / 2) this.#awaitTick();
    if (this.#sliceMs >= SLICE_MS) this.#turn ??= afterThisTurn(this.#onTurn);
    return this.#mayRead();
  }

  #parse(): void {
    // First, because a packet that breaks the protocol stops this reader.
    this.#ending?.[Symbol.dispose]();
    this.#ending = null;
    this.#used = this.#batcher.take(this.#bytes, this.#used, this.#end);
  }

  get #readsOn(): boolean {
    return this.#batcher.readsOn;
  }

  #mayRead(): boolean {
    if (this.#batcher.isBlocked || this.#turn !== null) return false;
    return this.#readsOn || this.#tick === null;
  }

  #readOn(): void {
    if (!this.#mayRead()) return;
    this.#sliceMs = 0;
    this.socket.resume();
  }

  #awaitTick(): void {
    this.#tick ??= this.#batcher.atNextTick(this.#onTick);
  }

  readonly #onTick = (): void => {
    this.#tick = null;
    if (!this.#readsOn) this.#readOn();
    else if (this.#batcher.flush() > 0) this.#awaitTick();
  };

  readonly #onTurn = (): void => {
    this.#turn = null;
    this.#readOn();
  };

  #forgetTimers(): void {
    this.#tick?.[Symbol.dispose]();
    this.#turn?.[Symbol.dispose]();
    this.#tick = null;
    this.#turn = null;
  }
}
