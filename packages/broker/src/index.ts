import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { matchesFilter } from "@weir/protocol";
import { EXIT_CODES, errorCode, Fault } from "@weir/runtime";
import { Aedes, type AedesOptions } from "aedes";
import { ConnectionLog } from "./connection-log.ts";

interface Address {
  host: string;
  /** 0 takes any free port. */
  port: number;
}

/** As Mosquitto names itself; whoever finds the port taken shows it. */
const VERSION = "aedes, as npm start brings it";

/** A broker in this process. */
export interface Broker extends AsyncDisposable {
  port: number;
}

/**
 * Starts aedes: an MQTT 3.1.1 broker that keeps sessions, retained messages and queues in memory, and publishes why
 * connections begin and end on `$SYS/broker/log/N`, as Mosquitto does.
 * For `npm start`, and for tests, which take any free port of the loopback.
 *
 * @throws Fault when it cannot listen on the port.
 */
export async function startBroker({
  host = "127.0.0.1",
  port = 0,
}: Partial<Address> = {}): Promise<Broker> {
  const log = new ConnectionLog();
  const aedes = await Aedes.createBroker({
    authorizeForward: forwardAsGranted,
    preConnect: log.accept,
  });
  log.follow(aedes);
  const version = { topic: "$SYS/broker/version", payload: VERSION, qos: 0, retain: true } as const;
  aedes.publish({ cmd: "publish", dup: false, ...version }, () => {});
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });

  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    aedes.close();
    throw listenFault(cause, { host, port });
  }

  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listenFault(cause: unknown, { host, port }: Address): Fault {
  const taken = errorCode(cause) === "EADDRINUSE";
  return new Fault(
    taken
      ? `port ${port} on ${host} is taken, probably by another broker`
      : `the broker cannot listen on port ${port} of ${host} (${errorCode(cause)})`,
    {
      remedy: `Set BROKER=${host}:${port} to use that broker, or BROKER_PORT to a free port.`,
      exitCode: EXIT_CODES.unavailable,
      cause,
    },
  );
}

/** A client with its subscriptions by filter. The types of aedes leave them out. */
interface Subscriber {
  subscriptions: Readonly<Record<string, { qos: 0 | 1 | 2 }>>;
}

/**
 * Forwards no topic that begins with `$` to a filter that begins with a wildcard [MQTT-4.7.2-1]: aedes 1.2.0 does so
 * with retained messages.
 *
 * Lowers a message to the QoS that its subscriber was granted [MQTT-3.8.4-8]. aedes 1.2.0 looks the granted QoS up by
 * the topic of the message, which does not find a filter with a wildcard: without this it sends QoS 2 to a subscription
 * of QoS 1.
 *
 * aedes calls this for live, retained and queued messages; of a queued one it sends the packet that it passed here, so
 * that the packet is changed in place.
 */
const forwardAsGranted: NonNullable<AedesOptions["authorizeForward"]> = (client, packet) => {
  // `client` is a Client of aedes, whose types do not name its subscriptions.
  const subscriber = client as unknown as Subscriber;
  if (packet.topic.startsWith("$") && !isAskedFor(subscriber, packet.topic)) return null;
  if (packet.qos > 0) {
    const granted = grantedQos(subscriber, packet.topic);
    if (granted < packet.qos) packet.qos = granted;
  }
  return packet;
};

function isAskedFor({ subscriptions }: Subscriber, topic: string): boolean {
  return Object.keys(subscriptions).some((filter) => matchesFilter(filter, topic));
}

/** Several subscriptions may match: the highest QoS counts [MQTT-3.3.5-1]. */
function grantedQos({ subscriptions }: Subscriber, topic: string): 0 | 1 | 2 {
  let granted: 0 | 1 | 2 | null = null;
  for (const [filter, { qos }] of Object.entries(subscriptions)) {
    if (qos > (granted ?? -1) && matchesFilter(filter, topic)) granted = qos;
  }
  // Queued for a subscription that is gone: it had at least QoS 1, or nothing would have been queued.
  return granted ?? 1;
}
