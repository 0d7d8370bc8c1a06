import type { Clock } from "@weir/runtime";

/** Packet ids go from 1 to this, and begin again. */
const IDS = 65_535;
/** So many ids one after the other show that the broker counts them up: some brokers take any free one. */
const IN_ORDER_MIN = 16;
const LOOK_MS = 200;
/** With fewer messages from one look to the next a connection may end: the broker queues what comes meanwhile. */
const CALM_MESSAGES = 200;
/** So many looks wait for that at most, where something is missing. */
const BUSY_LOOKS_MAX = 25;
/** Nor do they wait longer than this for ids: Mosquitto gives an id again although its message is unacknowledged. */
const IDS_BEHIND_MAX = IDS / 2;
/** After so many looks without one, no message comes again. */
const QUIET_LOOKS = 10;
/** What a Mosquitto without settings queues for a socket. Where fewer came again, all did. */
const QUEUED_MAX = 1_000;
/** How long nothing is asked for after a connection that brought nothing; each further one doubles it. */
const PAUSE_MS = 10_000;
const PAUSE_MS_MAX = 3_600_000;

/** What became of missing messages: they came again with the next connection, or the broker has dropped them. */
export interface Settled {
  again: number;
  lost: number;
}

/**
 * Notices messages of QoS 1 that the broker has counted and not sent, and asks for them with a new connection.
 * Mosquitto counts packet ids up by one for each client. When the socket is full and `max_queued_messages`
 * wait for it, Mosquitto drops the next message, but remembers it as unacknowledged: it comes again with the
 * next connection, and until then it takes a place of the messages in flight.
 */
export class MissingPackets {
  readonly #clock: Clock;
  readonly #reopen: () => boolean;
  readonly #onSettled: (settled: Settled) => void;
  /** Packet ids that were left out in this connection, the oldest first. */
  readonly #missing = new Set<number>();
  /** Those of the connections before it that have not come again, and how many there were at its beginning. */
  readonly #asked = new Set<number>();
  #askedCount = 0;
  /** Packet ids that came in this connection. */
  #seen = new Uint8Array();
  #next: number | null = null;
  /** So many ids the broker has counted up; `isCounting` is false once it has taken one that was free again. */
  #counted = 0;
  #isCounting = true;
  /** Messages may be missing behind the last one that came. */
  #isSuspected = false;
  #timer: Disposable | null = null;
  #messages = 0;
  #looks = 0;
  /** This connection brings what is missing, if the broker has it. */
  #isRepair = false;
  /** How many messages this connection has brought again. */
  #again = 0;
  #settled: Settled = { again: 0, lost: 0 };
  #pauseMs = PAUSE_MS;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param options `reopen` ends the connection in order and opens the next one at once; false if it cannot yet. */
  constructor(options: {
    clock: Clock;
    reopen: () => boolean;
    onSettled: (settled: Settled) => void;
  }) {
    this.#clock = options.clock;
    this.#reopen = options.reopen;
    this.#onSettled = options.onSettled;
  }

  /** A connection begins. @param hasSession the broker has kept the session. */
  opened(hasSession: boolean): void {
    this.#seen = new Uint8Array(IDS + 1);
    this.#next = null;
    this.#counted = 0;
    this.#isCounting = true;
    this.#again = 0;
    this.#isSuspected = false;
    for (const id of this.#missing) this.#asked.add(id);
    this.#missing.clear();
    if (!hasSession) {
      this.#isRepair = false;
      this.#giveUp();
      this.#settle();
      return;
    }
    this.#askedCount = this.#asked.size;
    this.#isRepair ||= this.#askedCount > 0;
    if (this.#isRepair) this.#watch();
  }

  /** Notes a message with a packet id. */
  came(packetId: number, isDuplicate: boolean): void {
    const wasSeen = this.#seen[packetId] === 1;
    this.#seen[packetId] = 1;
    this.#messages += 1;
    // What the broker has never sent may come without the mark of a duplicate.
    const wasAsked = this.#asked.size > 0 && this.#asked.delete(packetId);
    const wasMissing = this.#missing.size > 0 && this.#missing.delete(packetId);
    if (wasAsked || isDuplicate) {
      this.#again += 1;
      this.#looks = 0;
      return;
    }
    // The id is in use again: its PUBACK takes both messages from the broker.
    if (wasMissing) this.#settled.lost += 1;
    const expected = this.#next;
    this.#next = (packetId % IDS) + 1;
    if (packetId === expected) this.#counted += 1;
    else if (expected !== null) this.#stepped(expected, packetId, wasSeen);
  }

  /** The client has read so late that the socket may have been full. */
  fellBehind(): void {
    this.#isSuspected = true;
    this.#watch();
  }

  /** The connection has ended. */
  closed(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  #stepped(expected: number, packetId: number, wasSeen: boolean): void {
    // After a whole round every id was seen, and a broker that takes free ones would have shown it.
    const hasGoneRound = this.#counted >= IDS;
    if (wasSeen && !hasGoneRound) this.#isCounting = false;
    if (!this.#isCounting || this.#counted < IN_ORDER_MIN) {
      this.#counted = 0;
      return;
    }
    for (let id = expected; id !== packetId; id = (id % IDS) + 1) {
      this.#counted += 1;
      if (hasGoneRound || this.#seen[id] === 0) this.#missing.add(id);
    }
    this.#watch();
  }

  #watch(): void {
    if (this.#timer !== null) return;
    this.#messages = 0;
    this.#looks = 0;
    this.#timer = this.#clock.repeat(LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#looks += 1;
    const isBusy = this.#messages >= CALM_MESSAGES;
    this.#messages = 0;
    if (this.#isRepair) {
      if (this.#looks < QUIET_LOOKS) return;
      this.#judge();
    }
    if (this.#missing.size === 0 && !this.#isSuspected) this.#settle();
    else if (!isBusy || this.#mustHurry()) this.#repair();
  }

  /** Decides whether this connection has brought something, and whether the next one may bring more. */
  #judge(): void {
    this.#isRepair = false;
    this.#settled.again += this.#again;
    const isKnown = this.#askedCount > 0;
    const hasHelped = isKnown ? this.#asked.size < this.#askedCount : this.#again > 0;
    const mayBeMore = this.#again >= QUEUED_MAX;
    if (mayBeMore) this.#isSuspected = true;
    if (hasHelped) this.#pauseMs = PAUSE_MS;
    if (!hasHelped || !(isKnown || mayBeMore)) {
      this.#pausedUntilMs = this.#clock.monotonic() + this.#pauseMs;
    }
    if (hasHelped) {
      for (const id of this.#asked) this.#missing.add(id);
      this.#asked.clear();
      return;
    }
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX);
    this.#giveUp();
  }

  #giveUp(): void {
    this.#settled.lost += this.#asked.size;
    this.#asked.clear();
  }

  #mustHurry(): boolean {
    const [oldest] = this.#missing;
    if (oldest === undefined) return false;
    const behind = ((this.#next ?? oldest) - oldest + IDS) % IDS;
    return this.#looks >= BUSY_LOOKS_MAX || behind > IDS_BEHIND_MAX;
  }

  #repair(): void {
    const pauseMs = this.#pausedUntilMs - this.#clock.monotonic();
    if (pauseMs > 0) {
      this.closed();
      this.#timer = this.#clock.schedule(pauseMs, () => {
        this.#timer = null;
        this.#watch();
      });
    } else if (this.#reopen()) {
      this.closed();
      this.#isRepair = true;
    }
  }

  /** Nothing is missing any more. */
  #settle(): void {
    this.closed();
    const settled = this.#settled;
    this.#settled = { again: 0, lost: 0 };
    if (settled.again + settled.lost > 0) this.#onSettled(settled);
  }
}
