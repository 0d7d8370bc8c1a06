import { normalizeIP } from "@fastify/rate-limit";
import { RequestFault } from "@weir/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Access } from "../access/access.ts";
import {
  browserSecretOf,
  clearSessionCookie,
  sessionSecretOf,
  setBrowserCookie,
  setSessionCookie,
} from "../access/cookies.ts";
import { csrfOf } from "../access/sessions.ts";
import { type StoredUser, setupIsOver } from "../access/users.ts";
import {
  passwordRequest,
  type Session,
  session,
  setupRequest,
  signInRequest,
} from "../contract/access.ts";
import type { Api } from "../http/server.ts";

/** Making the first user, signing in and out, changing the own password. */
export function accessRoutes(api: Api, access: Access): void {
  const { users, sessions, browsers, passwords, guesses, logger } = access;

  api.get(
    "/api/v1/session",
    { config: { role: "anyone" }, schema: { response: { 200: session } } },
    (request): Session => {
      const { who } = request;
      if (who === null) return signedOut(access);
      const secret = who.kind === "user" ? sessionSecretOf(request) : null;
      return {
        state: "signed in",
        user: { name: who.name, role: who.role },
        csrf: secret === null ? null : csrfOf(secret),
      };
    },
  );

  api.post(
    "/api/v1/setup",
    {
      config: { role: "anyone" },
      schema: { body: setupRequest, response: { 200: session } },
    },
    async (request, reply) => {
      const { code, name, password } = request.body;
      const { setupCode } = access;
      if (setupCode === null) throw setupIsOver();
      const keys = [addressKey(request)];
      refuseEarly(reply, keys);
      if (!setupCode.fits(code)) {
        const remedy =
          "Copy it from the dashboard's log. Each start of the dashboard has another one.";
        throw refused(403, "code", "the code is another one", remedy);
      }
      const user = users.addFirst(name, await passwords.hash(password), access.clock.now());
      guesses.right(keys);
      logger.info({ user: user.name }, "the first user is made");
      return begin(request, reply, user);
    },
  );

  api.post(
    "/api/v1/session",
    {
      config: { role: "anyone" },
      schema: { body: signInRequest, response: { 200: session } },
    },
    async (request, reply) => {
      const { name, password } = request.body;
      const user = users.find(name);
      const keys = keysOf(request, name, user);
      refuseEarly(reply, keys);
      const isRight = await passwords.fits(password, user?.password ?? null);
      if (user === null || !isRight) {
        // A name that is unknown may be a password in the wrong field.
        logger.warn({ user: user?.name ?? null, address: request.ip }, "a sign-in failed");
        const remedy = "Correct them, and try again.";
        throw refused(401, "password", "the name or the password is wrong", remedy);
      }
      guesses.right(keys);
      logger.info({ user: user.name, address: request.ip }, "signed in");
      return begin(request, reply, user);
    },
  );

  api.delete(
    "/api/v1/session",
    { schema: { response: { 200: session } } },
    (request, reply): Session => {
      const secret = sessionSecretOf(request);
      if (secret !== null) sessions.end(secret);
      clearSessionCookie(request, reply);
      return signedOut(access);
    },
  );

  api.put(
    "/api/v1/session/password",
    { schema: { body: passwordRequest, response: { 200: session } } },
    async (request, reply) => {
      const { who } = request;
      if (who?.kind !== "user") {
        const remedy = "Sign in as the user whose password it is.";
        throw refused(403, "authorization", "a token has no password", remedy);
      }
      const user = users.get(who.name);
      const keys = [`password:${user.id}`];
      refuseEarly(reply, keys);
      if (!(await passwords.fits(request.body.current, user.password))) {
        const remedy = "Correct it, and try again.";
        throw refused(400, "current", "this is not your password", remedy);
      }
      guesses.right(keys);
      await access.changePassword(user, request.body.password);
      logger.info({ user: user.name }, "the password is changed");
      return begin(request, reply, user);
    },
  );

  /** Begins a session with a secret of its own, in place of the one that the browser had. */
  function begin(request: FastifyRequest, reply: FastifyReply, user: StoredUser): Session {
    const former = sessionSecretOf(request);
    if (former !== null) sessions.end(former);
    const secret = sessions.begin(user.id);
    setSessionCookie(request, reply, secret);
    const browser = browserSecretOf(request);
    if (browser === null || !browsers.isKnown(browser, user.id)) {
      setBrowserCookie(request, reply, browsers.add(user.id));
    }
    const { name, role } = user;
    return { state: "signed in", user: { name, role }, csrf: csrfOf(secret) };
  }

  /** What is delayed by a wrong password. */
  function keysOf(request: FastifyRequest, name: string, user: StoredUser | null): string[] {
    const browser = browserSecretOf(request);
    if (browser !== null && user !== null && browsers.isKnown(browser, user.id)) {
      return [`browser:${browser}`];
    }
    return [addressKey(request), `name:${name.toLowerCase()}`];
  }

  function refuseEarly(reply: FastifyReply, keys: readonly string[]): void {
    const waitSeconds = guesses.begin(keys);
    if (waitSeconds === 0) return;
    reply.header("retry-after", waitSeconds);
    const remedy = `Wait ${waitSeconds} s, and try again.`;
    throw refused(429, "password", "too many guesses were wrong", remedy);
  }
}

function signedOut({ users }: Access): Session {
  return { state: users.isEmpty ? "setup" : "signed out", user: null, csrf: null };
}

/** Whoever has an address of IPv6 has a network of them. */
function addressKey({ ip }: FastifyRequest): string {
  return `address:${normalizeIP(ip)}`;
}

function refused(status: number, field: string, problem: string, remedy: string): RequestFault {
  return new RequestFault(status, [{ field, value: null, problem, remedy }]);
}
