import type { ServerResponse } from "node:http";
import type { Clock } from "@weir/runtime";
import type { LiveEvents } from "../contract/live.ts";

/** How much of a stream may wait for its client: a client that is further behind has to come back. */
const UNSENT_BYTES_MAX = 256 * 1024;
/** Who feeds a stream faster than events happen waits while more than this is unsent. */
const UNHURRIED_BYTES_MAX = 64 * 1024;
/** So long a client may take to read the end of its stream. */
const END_MS_MAX = 5_000;
/** When a client comes back after its connection was lost. */
export const RETRY_MS = 2_000;

/** The headers of an answer, by their names. */
export type Headers = Readonly<Record<string, number | string | string[] | undefined>>;

/** The server-sent events of one client. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #isEnded = false;

  constructor(response: ServerResponse, headers: Headers, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
    // The end of the stream is the end of the connection: nothing waits for it when the server closes.
    response.shouldKeepAlive = false;
    response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // A reverse proxy that collects answers would hold the events back.
      "x-accel-buffering": "no",
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** Calls back once, when the connection is gone. */
  onClosed(closed: () => void): void {
    this.#response.once("close", closed);
  }

  /**
   * Sends an event. @param json its data. @param id where the client goes on when it comes back.
   *
   * @returns false when the client is too far behind, and nothing was sent.
   */
  send(event: keyof LiveEvents, json: string, id: string | null = null): boolean {
    if (this.#isEnded) return true;
    if (this.#response.writableLength > UNSENT_BYTES_MAX) return false;
    const idLine = id === null ? "" : `id: ${id}\n`;
    this.#response.write(`${idLine}event: ${event}\ndata: ${json}\n\n`);
    return true;
  }

  /** Keeps proxies from closing a silent connection, and finds out that it is dead. */
  beat(): void {
    if (!this.#isEnded) this.#response.write(":\n\n");
  }

  /** Resolves when the client has read most of what was sent, or is gone. */
  async keepUp(): Promise<void> {
    if (this.#isEnded || this.#response.writableLength <= UNHURRIED_BYTES_MAX) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#response.once("drain", resolve).once("close", resolve);
    await promise;
  }

  /** Says good-bye, and closes the connection: at once where the client does not read. */
  end(reason: string, retryMs: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const bye: LiveEvents["bye"] = { reason, retryMs };
    this.#response.end(`retry: ${retryMs}\nevent: bye\ndata: ${JSON.stringify(bye)}\n\n`);
    const deadline = this.#clock.schedule(END_MS_MAX, () => this.#response.destroy());
    this.#response.once("close", () => deadline[Symbol.dispose]());
  }
}
