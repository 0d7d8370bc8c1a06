import { connect, type Socket } from "node:net";
import { generate } from "mqtt-packet";
import type { ConnectionOptions, ProtocolVersion } from "../connection.ts";
import { endOf, HUNG_UP } from "../outage.ts";
import { isViolation } from "../violation.ts";
import type { Reading } from "./intake.ts";

/** The socket of one connection, and the reason of its end. */
export interface Wire {
  socket: Socket;
  /** Resolves with the first reason that was given when the socket has closed. */
  closed: Promise<Error>;
  /** Writes, unless the socket is closing. */
  write(bytes: Buffer, written?: (error?: Error | null) => void): void;
  /** Ends the connection: at once, and an MQTT 5 broker that broke the protocol is told which way. */
  end(reason: Error): void;
}

const PORT = 1883;

/** @param onEnd called when the connection is to end, or has ended; perhaps twice. */
export function openWire(options: {
  url: ConnectionOptions["url"];
  protocolVersion: ProtocolVersion;
  onread: Reading["onread"];
  onEnd: () => void;
}): Wire {
  const { protocolVersion, onread, onEnd } = options;
  const { hostname, port } = new URL(options.url);
  const { promise, resolve } = Promise.withResolvers<Error>();
  let reason: Error | null = null;
  const socket = connect({
    // An IPv6 address has brackets in a URL only.
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? PORT : Number(port),
    noDelay: true,
    onread,
  });
  socket.on("error", (error) => {
    reason ??= error;
  });
  socket.once("close", () => {
    onEnd();
    resolve(reason ?? endOf(HUNG_UP));
  });

  function write(bytes: Buffer, written?: (error?: Error | null) => void): void {
    if (socket.writable) socket.write(bytes, written);
  }

  return {
    socket,
    closed: promise,
    write,
    end: (because) => {
      onEnd();
      if (reason === null && protocolVersion === 5 && isViolation(because)) {
        write(generate({ cmd: "disconnect", reasonCode: because.code }, { protocolVersion }));
      }
      reason ??= because;
      socket.destroy();
    },
  };
}
