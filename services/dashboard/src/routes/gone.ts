import type { FastifyReply } from "fastify";

/** Aborts when the connection has ended: nobody waits for the answer any more, or it was sent. */
export function goneSignal({ raw }: Pick<FastifyReply, "raw">): AbortSignal {
  const gone = new AbortController();
  raw.once("close", () => gone.abort());
  return gone.signal;
}
