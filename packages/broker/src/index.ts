import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { EXIT_CODES, errorCode, Fault } from "@weir/runtime";
import { Aedes } from "aedes";
import { forwardAsGranted } from "./granted-qos.ts";

export interface BrokerOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
}

/** A broker inside this process. */
export interface Broker extends AsyncDisposable {
  port: number;
}

/**
 * Starts aedes: an MQTT 3.1.1 broker that keeps sessions, retained messages and queues in memory.
 * For `npm start` and for tests; in Compose Mosquitto has its place.
 *
 * @throws Fault when the port cannot be listened on.
 */
export async function startBroker({ host, port }: BrokerOptions): Promise<Broker> {
  const aedes = await Aedes.createBroker({ authorizeForward: forwardAsGranted });
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

function listenFault(cause: unknown, { host, port }: BrokerOptions): Fault {
  const taken = errorCode(cause) === "EADDRINUSE";
  return new Fault(
    taken
      ? `port ${port} on ${host} is taken, probably by another broker`
      : `the broker cannot listen on port ${port} of ${host} (${errorCode(cause)})`,
    {
      remedy: `Set BROKER=${host}:${port} to use the broker that is there, or BROKER_PORT to a free port.`,
      exitCode: EXIT_CODES.unavailable,
      cause,
    },
  );
}
