import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { CLOSED_CODES, codeOf, NO_HANDSHAKE, withCode } from "../packets/errors.ts";

/**
 * Watches whether the TLS handshake of a connection is done. Brokers close the connection of a client that speaks TLS
 * to a port without it, mostly without a word.
 *
 * @returns why the connection has ended, of what its socket gave as the reason.
 */
export function watchHandshake(stream: Duplex): (reason: Error) => Error {
  let isDone = !(stream instanceof TLSSocket);
  stream.once("secureConnect", () => {
    isDone = true;
  });
  return (reason) => {
    if (isDone || !CLOSED_CODES.has(codeOf(reason))) return reason;
    return Object.assign(withCode("no TLS handshake", NO_HANDSHAKE), { cause: reason });
  };
}
