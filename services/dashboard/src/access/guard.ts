import { RequestFault } from "@weir/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Role } from "../contract/access.ts";
import type { Api, Who } from "../http/server.ts";
import type { Access } from "./access.ts";
import { sessionSecretOf } from "./cookies.ts";
import { isSame } from "./secrets.ts";
import { csrfOf } from "./sessions.ts";

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Lets each request through that may have what it asks for: its route's `config.role` says who may.
 *
 * DNS rebinding (a stranger's name that leads to this address) needs no check of its own: the browser has no cookie
 * for that name, so such a page is not signed in.
 */
export function guard(server: Api, access: Access): void {
  server.addHook("onRequest", async (request, reply) => {
    if (request.is404) return;
    if (request.url.startsWith("/api/")) reply.header("cache-control", "no-store");
    const { role = "viewer" } = request.routeOptions.config;
    const bearer = bearerOf(request);
    if (bearer === null) {
      refuseOtherSites(request);
      request.who = userOf(request, access, role);
    } else {
      request.who = tokenOf(bearer, access);
    }
    if (role !== "anyone") refuseOthers(request.who, role, reply);
  });
}

function bearerOf({ headers }: FastifyRequest): string | null {
  return /^Bearer +(.+)$/i.exec(headers.authorization ?? "")?.[1] ?? null;
}

function tokenOf(secret: string, { tokens }: Access): Who | null {
  const token = tokens.find(secret);
  if (token === null) return null;
  const { name, role } = token;
  return { name, role, kind: "token", isCurrent: () => isThere(() => tokens.find(secret)) };
}

function userOf(
  request: FastifyRequest,
  { sessions }: Access,
  needed: Role | "anyone",
): Who | null {
  const secret = sessionSecretOf(request);
  const found = secret === null ? null : sessions.find(secret);
  if (secret === null || found === null) return null;
  // Signing in does not act for the session that is there.
  if (needed !== "anyone" && !SAFE_METHODS.has(request.method)) refuseForged(request, secret);
  const { name, role } = found;
  return { name, role, kind: "user", isCurrent: () => isThere(() => sessions.find(secret)) };
}

/** Whoever asks has no answer to fail. Where it cannot be looked up, the next request says why. */
function isThere(find: () => object | null): boolean {
  try {
    return find() !== null;
  } catch {
    return false;
  }
}

/** Only a page of this server may change something with a cookie, or sign in. */
function refuseOtherSites({ method, headers, host }: FastifyRequest): void {
  if (SAFE_METHODS.has(method)) return;
  const site = headers["sec-fetch-site"];
  // Browsers send it over TLS and to localhost; where they do not, Origin says it.
  if (site === "same-origin" || site === "none") return;
  const { origin } = headers;
  if (site === undefined && (origin === undefined || hostOf(origin) === host)) return;
  const remedy =
    "Use the pages at the address of this server. Behind a proxy: let it pass the header Host on.";
  throw refused(403, "origin", origin ?? null, "a page of another site has sent this", remedy);
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function refuseForged({ headers }: FastifyRequest, secret: string): void {
  const given = headers["x-weir-csrf"];
  if (typeof given === "string" && isSame(given, csrfOf(secret))) return;
  const remedy = "Send the text that GET /api/v1/session gives as csrf.";
  throw refused(403, "x-weir-csrf", null, "it is missing, or of another session", remedy);
}

function refuseOthers(who: Who | null, role: Role, reply: FastifyReply): void {
  if (who === null) {
    reply.header("www-authenticate", "Bearer");
    const remedy = "Sign in, or send Authorization: Bearer with a token.";
    throw refused(401, "authorization", null, "you are not signed in", remedy);
  }
  if (role === "operator" && who.role !== "operator") {
    const remedy = "Ask an operator to do it, or to make you one.";
    throw refused(403, "role", who.role, "only an operator may do this", remedy);
  }
}

function refused(status: number, field: string, value: unknown, problem: string, remedy: string) {
  return new RequestFault(status, [{ field, value, problem, remedy }]);
}
