import { Socket } from "node:net";
import { errorCode } from "@weir/runtime";
import type { Aedes, AedesOptions, Client } from "aedes";

/** Where Mosquitto logs what happens to connections, too: its level "notice". */
const TOPIC = "$SYS/broker/log/N";

type Accept = NonNullable<AedesOptions["preConnect"]>;

/** What is known of a connection as long as it is there. */
interface Opened {
  address: string;
  user: string | null;
  keepaliveSeconds: number;
  /** Why it ends; `null` while nothing says so: then the client has closed it. */
  end: string | null;
}

/** What aedes knows, and its types leave out. */
interface Said {
  /** Whether the client has sent DISCONNECT. */
  _disconnected: boolean;
}

/**
 * Publishes beginnings and ends of connections with the topic and the words of Mosquitto 2.1, so that whoever reads
 * its log can read this one. aedes lets no client publish below `$SYS/`.
 */
export class ConnectionLog {
  readonly #opened = new WeakMap<Client, Opened>();
  readonly #byId = new Map<string, Client>();

  /** To be the hook `preConnect` of aedes: only there are user and keep-alive to be seen. */
  readonly accept: Accept = (client, { clientId, username, keepalive }, callback) => {
    const { remoteAddress, remotePort } = client.conn instanceof Socket ? client.conn : {};
    this.#opened.set(client, {
      address: `${remoteAddress ?? "unknown"}:${remotePort ?? 0}`,
      user: username ?? null,
      keepaliveSeconds: keepalive ?? 0,
      end: null,
    });
    // From here on aedes ends the connection that has this client id.
    this.#ends(this.#byId.get(clientId), "session taken over");
    callback(null, true);
  };

  /** Publishes what happens from now on. */
  follow(aedes: Aedes): void {
    const publish = (text: string): void => {
      const payload = `${Math.floor(Date.now() / 1_000)}: ${text}`;
      const message = { topic: TOPIC, payload, qos: 0, retain: false, dup: false } as const;
      aedes.publish({ cmd: "publish", ...message }, () => {});
    };
    aedes.on("clientReady", (client) => {
      const opened = this.#opened.get(client);
      if (opened === undefined) return;
      this.#byId.set(client.id, client);
      const { address, user, keepaliveSeconds } = opened;
      const asked = `p${client.version}, c${client.clean ? 1 : 0}, k${keepaliveSeconds}`;
      const named = user === null ? asked : `${asked}, u'${user}'`;
      publish(`New client connected from ${address} as ${client.id} (${named}).`);
    });
    aedes.on("keepaliveTimeout", (client) => this.#ends(client, "exceeded timeout"));
    aedes.on("clientError", (client, error) => this.#ends(client, endOf(error)));
    aedes.on("clientDisconnect", (client) => {
      if (this.#byId.get(client.id) === client) this.#byId.delete(client.id);
      const opened = this.#opened.get(client);
      if (opened === undefined || aedes.closed) return;
      // `client` is a Client of aedes, whose types do not name this.
      const isGoodbye = (client as unknown as Said)._disconnected;
      const reason = opened.end ?? (isGoodbye ? null : "connection closed by client");
      const end = reason === null ? "" : `: ${reason}`;
      publish(`Client ${client.id} [${opened.address}] disconnected${end}.`);
    });
  }

  /** The first reason is the one that ended it. */
  #ends(client: Client | undefined, reason: string): void {
    const opened = client && this.#opened.get(client);
    if (opened !== undefined) opened.end ??= reason;
  }
}

/** The word of Mosquitto for an error of a connection. */
function endOf(error: Error): string {
  // A system error is that of the socket; the others are about what the client has sent.
  return errorCode(error) === null ? "protocol error" : "connection closed by client";
}
