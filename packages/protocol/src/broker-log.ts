/** Where Mosquitto 2.1, and the broker of `npm start`, log beginnings and ends of connections. */
export const BROKER_LOG_TOPIC = "$SYS/broker/log/N";

/** A beginning or an end of a connection, as a line of the broker's log has it. */
export interface LoggedConnection {
  event: "connected" | "disconnected";
  /** In words; `null`: it has connected. */
  reason: string | null;
  /** Whether the client asked for its former session; `null` at an end. */
  session: "kept" | "new" | null;
  clientId: string;
  /** `null` at an end in the log of Mosquitto 2.0. */
  address: string | null;
  /**
   * Whether its session went over to a new connection. Mosquitto 2.1.2 also says so of a connection that has ended
   * before, when a session that it has kept is resumed.
   */
  isTakenOver: boolean;
}

/** Mosquitto cuts a line at 999 bytes: what it says of the connection may be cut off, and what a client says not. */
const LINE_BYTES_MAX = 990;

/** The time in front of a line, in whichever form the broker was told to write it; a form with ": " in it is none. */
const STAMPED = /^(?:[\dTZ:+.-]+: )?(New client connected from|Client) (.*)$/s;
const ADDRESS = "[\\da-zA-Z.:%_-]+";
const CONNECTED = new RegExp(`^(${ADDRESS}:\\d+) as (.*)\\.$`, "s");
/** What a client asked for: version, clean start, keep-alive. */
const ASKED = / \(p\d+, c([01]), k\d+(?:, u'.*')?\)$/s;
const ASKED_EVERYWHERE = / \(p\d+, c[01], k\d+/g;
/** The longest client id counts: what looks like an end in it is a part of it, for the broker writes behind it. */
const DISCONNECTED = new RegExp(`^(.*) \\[(${ADDRESS}:\\d+)\\] disconnected(?:: (.*))?$`, "s");
/** The same in the log of Mosquitto 2.0, which names no address. */
const DISCONNECTED_2_0 =
  /^(.*) (disconnected|closed its connection|has exceeded timeout, disconnecting)$/s;
/** Behind a client id, which may end like a line about a connection. */
const OTHER_LINE = / negotiated \S+ cipher \S+$/;

const TAKEN_OVER = "session taken over";
/** What ends a connection, by the words of Mosquitto 2.1. */
const REASONS: Readonly<Record<string, string>> = {
  "": "it said goodbye",
  "connection closed by client": "the connection was closed from its side, without a goodbye",
  "closed its connection": "the connection was closed from its side, without a goodbye",
  disconnected: "it said goodbye",
  "has exceeded timeout, disconnecting": "no sign of life for 1.5 times its keep-alive",
  "exceeded timeout": "no sign of life for 1.5 times its keep-alive",
  [TAKEN_OVER]: "a new connection with the same client id took its place",
  "not authorised": "not authorised: the broker did not let it in, or ended it",
  "bad username or password": "the broker refused its user name or password",
  "client identifier not valid": "the broker refused its client id",
  "administrative action": "the broker was asked to end it",
  "malformed packet": "it sent what is not MQTT",
  "protocol error": "it broke a rule of MQTT",
  "oversize packet": "it sent a larger packet than the broker takes",
  "oversize payload": "it sent a larger payload than the broker takes",
  "receive maximum exceeded": "it sent more at once than the broker takes",
  "topic alias invalid": "it used a topic alias that does not exist",
  "used disallowed feature (QoS too high, retain not supported, or bad AUTH method)":
    "it used what the broker does not allow: a QoS, retain or a way to sign in",
  "server busy": "the broker was busy",
  "server unavailable": "the broker was not available",
  "out of memory": "the broker had no memory for it",
  "client banned": "the broker has banned it",
  "quota exceeded": "it exceeded a quota of the broker",
  "connection rate exceeded": "it connected too often",
};

/**
 * Reads a line of the broker's log; `null` where it is about something else, or may be a forgery.
 *
 * A client id may hold anything, also text that looks like a line. An end is read from its end, where the broker
 * writes. A beginning that can be read in two ways is not read at all: then this client has no entries, and no other
 * client has false ones.
 */
export function parseBrokerLog(payload: Buffer): LoggedConnection | null {
  if (payload.length > LINE_BYTES_MAX) return null;
  const [, kind, rest = ""] = STAMPED.exec(payload.toString("utf8")) ?? [];
  if (kind === "Client") return parseEnd(rest);
  return kind === undefined ? null : parseBeginning(rest);
}

function parseBeginning(rest: string): LoggedConnection | null {
  const [, address, client] = CONNECTED.exec(rest) ?? [];
  if (address === undefined || client === undefined) return null;
  const asked = ASKED.exec(client);
  if (asked === null || [...client.matchAll(ASKED_EVERYWHERE)].length !== 1) return null;
  return {
    event: "connected",
    reason: null,
    session: asked[1] === "0" ? "kept" : "new",
    clientId: client.slice(0, asked.index),
    address,
    isTakenOver: false,
  };
}

function parseEnd(rest: string): LoggedConnection | null {
  if (OTHER_LINE.test(rest)) return null;
  const text = withoutDot(rest);
  const [, clientId, address, said = "."] = DISCONNECTED.exec(text) ?? [];
  if (clientId === undefined || address === undefined) return parseOlderEnd(text);
  // The words of the one version behind those of the other: a part of them is a client id.
  if (said !== "." && DISCONNECTED_2_0.test(text)) return null;
  const given = said === "." ? "" : said;
  const reason = REASONS[given] ?? `the broker says: ${given}`;
  const isTakenOver = given === TAKEN_OVER;
  return { event: "disconnected", reason, session: null, clientId, address, isTakenOver };
}

function parseOlderEnd(text: string): LoggedConnection | null {
  const [, clientId, said] = DISCONNECTED_2_0.exec(text) ?? [];
  if (clientId === undefined || said === undefined) return null;
  const reason = REASONS[said] ?? null;
  return {
    event: "disconnected",
    reason,
    session: null,
    clientId,
    address: null,
    isTakenOver: false,
  };
}

function withoutDot(text: string): string {
  return text.endsWith(".") ? text.slice(0, -1) : text;
}
