import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/** How much of an answer is read. The rest is not needed. */
const ANSWER_BYTES_MAX = 65_536;
const HEADER_BYTES_MAX = 16_384;
/** From the look-up of the name to the end of the answer. */
const TIMEOUT_MS = 15_000;
const RETRY_AFTER_MS_MAX = 3_600_000;

export interface WebRequest {
  url: string;
  method: string;
  headers: Readonly<Record<string, string>>;
  /** Empty for none. */
  body: string;
  /** Whether it may go to this machine and to private networks. */
  allowPrivate: boolean;
}

export interface WebAnswer {
  status: number;
  location: string | null;
  /** What `Retry-After` says; `null` for nothing. */
  retryAfterMs: number | null;
  /** Its beginning, 64 KiB at most. */
  text: string;
}

/** The address is one that the request must not go to. */
export class PrivateAddress extends Error {}

/**
 * Sends one request. It goes to the very address that was checked, follows no redirect, and ends in time: when the
 * beginning of an answer has come, that is the answer.
 *
 * @throws PrivateAddress; the signal's reason; an Error where there is no answer.
 */
export async function requestWeb(
  { url, method, headers, body, allowPrivate }: WebRequest,
  { signal, timeoutMs = TIMEOUT_MS }: { signal: AbortSignal; timeoutMs?: number },
): Promise<WebAnswer> {
  const address = new URL(url);
  const host = address.hostname.replace(/^\[|\]$/g, "");
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw privateFault(host, [host]);
  const send = address.protocol === "https:" ? requestHttps : requestHttp;
  const over = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const answered = Promise.withResolvers<WebAnswer>();
  const content = Buffer.from(body);
  const request = send(address, {
    method,
    headers: {
      "user-agent": "Weir",
      ...headers,
      ...(content.length > 0 && { "content-length": content.length }),
    },
    // A connection of its own: those of others were not checked.
    agent: false,
    lookup: allowPrivate ? undefined : lookupPublic,
    maxHeaderSize: HEADER_BYTES_MAX,
    signal: over,
  });
  let hasAnswer = false;
  // An answer such as 101 is none to this request, and no error.
  request.on("close", () => {
    if (!hasAnswer) answered.reject(new Error("the connection was closed"));
  });
  request.on("error", (error) => {
    // It has begun to answer, and that is enough: the response ends.
    if (hasAnswer) return;
    const hasTimedOut = over.aborted && !signal.aborted;
    const shown = hasTimedOut ? new Error(`there was no answer within ${timeoutMs} ms`) : error;
    answered.reject(signal.aborted ? signal.reason : shown);
  });
  request.on("response", (response) => {
    hasAnswer = true;
    const { statusCode: status = 0 } = response;
    const { location = null, "retry-after": retryAfter } = response.headers;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (): void => {
      const text = Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString();
      answered.resolve({ status, location, retryAfterMs: retryAfterMs(retryAfter), text });
      request.destroy();
    };
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= ANSWER_BYTES_MAX) end();
    });
    response.on("close", end);
    response.on("error", end);
  });
  request.end(content.length > 0 ? content : undefined);
  return await answered.promise;
}

/** Looks a name up as Node does, and leaves out addresses that are not public. */
const lookupPublic: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }).then(
    (found: LookupAddress[]) => {
      const open = found.filter(({ address }) => isPublicAddress(address));
      const [first] = open;
      const addresses = found.map(({ address }) => address);
      if (first === undefined) callback(privateFault(host, addresses), "");
      else if (options.all === true) callback(null, open);
      else callback(null, first.address, first.family);
    },
    (error: NodeJS.ErrnoException) => callback(error, ""),
  );
};

function privateFault(host: string, addresses: readonly string[]): PrivateAddress {
  return new PrivateAddress(
    `${host} is ${addresses.join(", ")}, in a private network or on this machine; set allowPrivate: true at the node where that is meant`,
  );
}

/** Seconds, or a date [RFC 9110, 10.2.3]. */
function retryAfterMs(text: string | undefined): number | null {
  if (text === undefined) return null;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(0, waitMs), RETRY_AFTER_MS_MAX);
}
