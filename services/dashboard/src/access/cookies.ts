import type { FastifyReply, FastifyRequest } from "fastify";
import { BROWSER_MS_MAX } from "./browsers.ts";
import { SESSION_MS_MAX } from "./sessions.ts";

const SESSION_COOKIE = "weir_session";
const BROWSER_COOKIE = "weir_browser";

/** The secret of the session that a request belongs to; `null` for none. */
export function sessionSecretOf({ cookies }: FastifyRequest): string | null {
  return cookies[SESSION_COOKIE] || null;
}

/** The secret of a browser in which a user has signed in before; `null` for none. */
export function browserSecretOf({ cookies }: FastifyRequest): string | null {
  return cookies[BROWSER_COOKIE] || null;
}

export function setSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  secret: string,
): void {
  reply.setCookie(SESSION_COOKIE, secret, {
    ...attributes(request),
    maxAge: SESSION_MS_MAX / 1_000,
  });
}

export function setBrowserCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  secret: string,
): void {
  reply.setCookie(BROWSER_COOKIE, secret, {
    ...attributes(request),
    maxAge: BROWSER_MS_MAX / 1_000,
  });
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(SESSION_COOKIE, attributes(request));
}

/** Without TLS a browser drops a cookie that is for TLS only. */
function attributes({ protocol }: FastifyRequest) {
  return { path: "/", httpOnly: true, sameSite: "strict", secure: protocol === "https" } as const;
}
