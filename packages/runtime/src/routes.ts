import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import { formProblems, issueWords, valueAt } from "./problems.ts";

/** What is wrong with a request: with which field of it, and what to do about it. */
export interface RequestProblem {
  /** `filters.0`; a header or the path have their own names. */
  field: string;
  /** The value that was given; `null` where none was, or where it is a secret. */
  value: unknown;
  problem: string;
  remedy: string;
}

/** A request that is not answered as it was meant. */
export class RequestFault extends Error {
  readonly status: number;
  readonly problems: readonly RequestProblem[];

  /** @param status of HTTP, 400 to 503. */
  constructor(status: number, problems: readonly RequestProblem[]) {
    super(problems.map(({ field, problem }) => `${field}: ${problem}`).join("; "));
    this.status = status;
    this.problems = problems;
  }
}

/** What a route answers: it becomes JSON. */
export interface Answer {
  /** Default 200. */
  status?: number;
  content: object;
}

/** One address that a service answers on, for who has its token. */
export interface Route<Body> {
  method: "GET" | "POST";
  /** `/deletions/:id/undo`; a part that begins with a colon stands for any word. */
  path: string;
  /** What the body must be: JSON of this form. `null`: there is none. */
  body: z.ZodType<Body> | null;
  /** Bytes that a body has at most. Default: 64 KiB. */
  bodyBytesMax?: number;
  /** @throws RequestFault for what is wrong beyond the form. */
  answer: (request: {
    parameters: Readonly<Record<string, string>>;
    body: Body;
    /** Aborts when whoever asked has gone. */
    signal: AbortSignal;
  }) => Answer | Promise<Answer>;
}

interface KnownRoute {
  method: string;
  parts: readonly string[];
  answer: (
    request: IncomingMessage,
    parameters: Record<string, string>,
    signal: AbortSignal,
  ) => Promise<Answer>;
}

/** The addresses that a service adds to those of every service. All of them want its token. */
export class Routes {
  readonly #routes: KnownRoute[] = [];

  /** @param token the secret that a request has to bear: `Authorization: Bearer <token>`. */
  add<Body>(token: string, route: Route<Body>): void {
    this.#routes.push({
      method: route.method,
      parts: route.path.split("/"),
      answer: async (request, parameters, signal) => {
        checkToken(request, token);
        // A route without a schema takes no body, and its `Body` is null.
        const body =
          route.body === null
            ? (null as Body)
            : await readBody(request, route.body, route.bodyBytesMax);
        return await route.answer({ parameters, body, signal });
      },
    });
  }

  /** Answers a request, if it is for one of these addresses. @returns whether it was. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const parts = (request.url ?? "").split("?")[0]?.split("/") ?? [];
    const found = this.#routes
      .map((route) => ({ route, parameters: match(route.parts, parts) }))
      .filter(({ parameters }) => parameters !== null);
    if (found.length === 0) return false;
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      const fitting = found.find(({ route }) => route.method === request.method);
      if (fitting?.parameters == null)
        throw wrongMethod(
          request,
          found.map(({ route }) => route.method),
        );
      const { status = 200, content } = await fitting.route.answer(
        request,
        fitting.parameters,
        gone.signal,
      );
      send(response, status, content);
    } catch (error) {
      if (!(error instanceof RequestFault)) throw error;
      if (error.status === 401) response.setHeader("www-authenticate", "Bearer");
      // What is left of the body is not read.
      if (!request.complete) response.setHeader("connection", "close");
      send(response, error.status, { problems: error.problems });
    }
    return true;
  }
}

function send(response: ServerResponse, status: number, content: object): void {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  response.writeHead(status, headers).end(`${JSON.stringify(content)}\n`);
}

function match(route: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (route.length !== parts.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, part] of route.entries()) {
    const given = parts[index] ?? "";
    if (part.startsWith(":")) parameters[part.slice(1)] = given;
    else if (part !== given) return null;
  }
  return parameters;
}

function wrongMethod({ method = "" }: IncomingMessage, allowed: readonly string[]): RequestFault {
  return fault(405, "method", method, "it is not answered here", `Use ${allowed.join(" or ")}.`);
}

/** Compares digests: how long that takes says nothing about the token. */
function checkToken({ headers }: IncomingMessage, token: string): void {
  const [, given] = /^Bearer (.+)$/i.exec(headers.authorization ?? "") ?? [];
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return;
  const problem = given === undefined ? "there is no token" : "the token is another one";
  const remedy = "Send Authorization: Bearer and the token, which is in a file of this service.";
  throw fault(401, "authorization", null, problem, remedy);
}

const BODY_BYTES_MAX = 64 * 1024;

/** @throws RequestFault for a body that is too large, is no JSON, or has another form. */
async function readBody<Body>(
  request: IncomingMessage,
  schema: z.ZodType<Body>,
  bytesMax = BODY_BYTES_MAX,
): Promise<Body> {
  const type = request.headers["content-type"] ?? null;
  if (type?.split(";")[0]?.trim().toLowerCase() !== "application/json") {
    throw fault(415, "content-type", type, "it is not JSON", "Send application/json.");
  }
  const content = parseJson(await readText(request, bytesMax));
  const parsed = schema.safeParse(content, { error: issueWords });
  if (parsed.success) return parsed.data;
  const problems = formProblems(parsed.error.issues, { schema }).map(({ path, words }) => ({
    field: path.length === 0 ? "body" : path.join("."),
    value: valueAt(content, path) ?? null,
    problem: words,
    remedy: "Correct it, and send the request again: nothing was done.",
  }));
  throw new RequestFault(400, problems);
}

async function readText(request: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Its connection stays: the answer says why it was not read to its end.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    // Without an encoding a request yields buffers.
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > bytesMax) {
      const problem = `it has more than ${bytesMax} bytes`;
      throw fault(413, "body", null, problem, "Ask for less at once.");
    }
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw fault(400, "body", null, `it is not JSON: ${error.message}`, "Send one JSON object.");
  }
}

function fault(
  status: number,
  field: string,
  value: unknown,
  problem: string,
  remedy: string,
): RequestFault {
  return new RequestFault(status, [{ field, value, problem, remedy }]);
}
