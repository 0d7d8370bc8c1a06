import type { Clock } from "@weir/runtime";

/** Packet ids go from 1 to this, and begin again. */
const IDS = 65_535;
/** A longer step forward is one back. */
const STEP_MAX = IDS / 2;
/** So many ids one after the other show that the broker counts them up: some brokers take any free one. */
const IN_ORDER_MIN = 16;
const LOOK_MS = 200;
/** With fewer messages from one look to the next a connection may end: the broker queues what comes meanwhile. */
const CALM_MESSAGES = 200;
/** So many looks wait for that at most, where something is missing. */
const BUSY_LOOKS_MAX = 25;
/** After so many looks without one, no message comes again. */
const QUIET_LOOKS = 10;
/** How long nothing is asked for after a connection that brought nothing; each further one doubles it. */
const PAUSE_MS = 60_000;
const PAUSE_MS_MAX = 3_600_000;
/** The same, where nothing was known to be missing. */
const SUSPICION_PAUSE_MS = 10_000;

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
  readonly #reopen: () => void;
  readonly #onSettled: (settled: Settled) => void;
  readonly #missing = new Set<number>();
  #next: number | null = null;
  #inOrder = 0;
  /** Messages may be missing behind the last one that came. */
  #isSuspected = false;
  #timer: Disposable | null = null;
  #messages = 0;
  #looks = 0;
  /** This connection was opened to get what is missing. */
  #isRepair = false;
  /** What this connection brought again, and the connections before it. */
  #again = 0;
  #settled: Settled = { again: 0, lost: 0 };
  #pauseMs = PAUSE_MS;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #unsuspectedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param options `reopen` ends the connection in order and opens the next one at once. */
  constructor(options: {
    clock: Clock;
    reopen: () => void;
    onSettled: (settled: Settled) => void;
  }) {
    this.#clock = options.clock;
    this.#reopen = options.reopen;
    this.#onSettled = options.onSettled;
  }

  /** A connection begins. @param hasSession the broker has kept the session. */
  opened(hasSession: boolean): void {
    this.#next = null;
    this.#inOrder = 0;
    this.#again = 0;
    this.#isSuspected = false;
    if (!hasSession && this.#missing.size > 0) this.#giveUp();
    if (this.#isRepair) this.#watch();
  }

  /** Notes a message with a packet id. */
  came(packetId: number, isDuplicate: boolean): void {
    this.#messages += 1;
    if (isDuplicate) {
      this.#missing.delete(packetId);
      this.#again += 1;
      this.#looks = 0;
      return;
    }
    const expected = this.#next;
    this.#next = (packetId % IDS) + 1;
    if (packetId === expected) this.#inOrder += 1;
    else if (expected !== null) this.#stepped(expected, packetId);
  }

  /** The client has read so late that the socket may have been full. */
  fellBehind(): void {
    if (this.#isSuspected || this.#clock.monotonic() < this.#unsuspectedUntilMs) return;
    this.#isSuspected = true;
    this.#watch();
  }

  /** The connection has ended. */
  closed(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  #stepped(expected: number, packetId: number): void {
    const step = (packetId - expected + IDS) % IDS;
    if (step > STEP_MAX || this.#inOrder < IN_ORDER_MIN) {
      this.#inOrder = 0;
      return;
    }
    for (let id = expected; id !== packetId; id = (id % IDS) + 1) this.#missing.add(id);
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
    const mayHurry = this.#missing.size > 0 && this.#looks >= BUSY_LOOKS_MAX;
    if ((isBusy && !mayHurry) || (this.#isRepair && this.#looks < QUIET_LOOKS)) return;
    if (this.#isRepair) this.#settled.again += this.#again;
    const isPaused = this.#clock.monotonic() < this.#pausedUntilMs;
    if (isPaused || (this.#isRepair && this.#again === 0)) this.#giveUp();
    if (this.#missing.size > 0 || this.#isSuspected) this.#repair();
    else this.#settle();
  }

  #giveUp(): void {
    const nowMs = this.#clock.monotonic();
    this.#isSuspected = false;
    this.#unsuspectedUntilMs = nowMs + SUSPICION_PAUSE_MS;
    if (this.#missing.size === 0) return;
    this.#settled.lost += this.#missing.size;
    this.#missing.clear();
    this.#pausedUntilMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX);
  }

  #repair(): void {
    this.closed();
    this.#isRepair = true;
    this.#reopen();
  }

  #settle(): void {
    this.closed();
    this.#isRepair = false;
    const settled = this.#settled;
    this.#settled = { again: 0, lost: 0 };
    if (settled.again > 0) this.#pauseMs = PAUSE_MS;
    if (settled.again + settled.lost > 0) this.#onSettled(settled);
  }
}
