import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import {
  EXIT_CODES,
  errorCode,
  Fault,
  type Logger,
  RequestFault,
  type RequestProblem,
} from "@weir/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import { shortened } from "./check-form.ts";

/** Where nothing says otherwise. */
const RETRY_AFTER_SECONDS = 5;
const NOTHING_DONE = "Correct it, and send the request again: nothing was done.";

/** Why the dashboard's file cannot be used: the other files are read, and their readers say it themselves. */
const FILE_WORDS = [
  [/BUSY|LOCKED/, "another program has locked it", "End that program, and ask again."],
  [/FULL|IOERR/, "it cannot be written: the disk is full or fails", "Make room, and ask again."],
  [/READONLY/, "it is read-only", "Let the dashboard write it, and ask again."],
] as const;
const FILE_OTHERWISE = [
  null,
  "it cannot be used",
  "Look into the log of the dashboard. Put a copy in the place of a damaged file, and start it again.",
] as const;

interface Answered {
  status: number;
  problems: readonly RequestProblem[];
}

/** Answers a request that failed with its problems. What is no mistake of the client is logged. */
export function answerProblems(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  const { status, problems } = problemsOf(error, request);
  // A refusal is an answer, and what is given up because the client has left is no failure.
  if (status >= 500 && !(error instanceof RequestFault) && !reply.raw.destroyed)
    logger.error({ err: error, url: request.routeOptions?.url }, "a request failed");
  const isForLater = status === 429 || status === 503;
  if (isForLater && !reply.hasHeader("retry-after"))
    reply.header("retry-after", RETRY_AFTER_SECONDS);
  return reply.code(status).type("application/json; charset=utf-8").send({ problems });
}

/** Answers what is no request of HTTP, and ends its connection. */
export function answerNoRequest(error: Error, socket: Duplex): void {
  if (errorCode(error) === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, field, problem] =
    errorCode(error) === "HPE_HEADER_OVERFLOW"
      ? [431, "headers", "the address and the headers are too long"]
      : errorCode(error) === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "request", "it did not come to its end in time"]
        : [400, "request", "it is no request of HTTP"];
  const problems = [{ field, value: null, problem, remedy: NOTHING_DONE }];
  const body = JSON.stringify({ problems });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function problemsOf(error: unknown, request: FastifyRequest): Answered {
  if (error instanceof RequestFault) return { status: error.status, problems: error.problems };
  if (error instanceof Fault) {
    const isLater = error.exitCode === EXIT_CODES.tryLater;
    const isAway = isLater || error.exitCode === EXIT_CODES.unavailable;
    return one(isAway ? 503 : 500, "request", null, error.message, error.remedy);
  }
  const code = errorCode(error);
  if (code?.startsWith("SQLITE_")) {
    const [, problem, remedy] = FILE_WORDS.find(([codes]) => codes.test(code)) ?? FILE_OTHERWISE;
    return one(503, "DASHBOARD_FILE", null, problem, remedy);
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return refusedByServer(status, error, request);
  }
  const remedy = "Look into its log, and ask again.";
  return one(500, "request", null, "the dashboard failed to answer", remedy);
}

/** What Fastify itself refuses, before a route sees it. */
function refusedByServer(status: number, error: unknown, { headers, url }: FastifyRequest) {
  const type = headers["content-type"] ?? null;
  switch (errorCode(error)) {
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
    case "FST_ERR_ROUTE_MISSING_CONTENT_TYPE": {
      const remedy = "Send JSON, with the content-type application/json.";
      return one(status, "content-type", type, "a body of this type is not read here", remedy);
    }
    case "FST_ERR_CTP_EMPTY_JSON_BODY": {
      const remedy = "Send JSON, or leave out content-type.";
      return one(status, "body", null, "it is empty, and content-type says JSON", remedy);
    }
    case "FST_ERR_CTP_BODY_TOO_LARGE": {
      const length = headers["content-length"] ?? null;
      return one(status, "body", length, "it has more bytes than are read", "Send a smaller one.");
    }
    case "FST_ERR_BAD_URL": {
      const remedy = "Write % itself as %25, and what is not ASCII as its bytes in UTF-8.";
      return one(status, "address", url, "it is not in percent encoding", remedy);
    }
    case "FST_ERR_MAX_PARAM_LENGTH":
      return one(status, "address", url, "a part of it is too long", "Shorten it.");
    default: {
      // JSON.parse says where the mistake is.
      const isSyntax = error instanceof SyntaxError || errorCode(error)?.endsWith("JSON_BODY");
      const problem = isSyntax ? "it is not JSON" : "it cannot be read";
      return one(status, "body", null, problem, NOTHING_DONE);
    }
  }
}

function one(
  status: number,
  field: string,
  value: string | null,
  problem: string,
  remedy: string,
): Answered {
  const shown = value === null ? null : shortened(value);
  return { status, problems: [{ field, value: shown, problem, remedy }] };
}
