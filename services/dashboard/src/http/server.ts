import fastifyHelmet from "@fastify/helmet";
import fastifySwagger from "@fastify/swagger";
import { EXIT_CODES, errorCode, Fault, type Logger, RequestFault } from "@weir/runtime";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import type { Role } from "../contract/access.ts";

/** Who asks: a user with a session, or a program with a token. */
export interface Who {
  name: string;
  role: Role;
  kind: "user" | "token";
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may use a route. Without it: whoever is signed in. */
    role?: Role | "anyone";
  }
  interface FastifyRequest {
    /** `null` for who is not signed in; only routes for anyone see that. */
    who: Who | null;
  }
}

/** The server as routes see it: their zod schemas give the types. */
export type Api = FastifyInstance<
  import("node:http").Server,
  import("node:http").IncomingMessage,
  import("node:http").ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

const BODY_BYTES_MAX = 64 * 1024;
/** A live stream names up to a hundred series in its address. */
const HEADER_BYTES_MAX = 64 * 1024;
const REQUEST_MS_MAX = 10_000;

/** Makes the server, without its routes: errors as problems, limits, headers, the OpenAPI document. */
export async function buildServer(logger: Logger, version: string): Promise<Api> {
  const server = Fastify({
    // What goes wrong is logged where it is handled; a line for each request would hide it.
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    return503OnClosing: true,
    routerOptions: { maxParamLength: 4_096 },
  }).withTypeProvider<ZodTypeProvider>();
  server.decorateRequest("who", null);
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler((error, request, reply) => {
    const { status, problems } = problemsOf(error);
    if (status >= 500)
      logger.error({ err: error, url: request.routeOptions.url }, "a request failed");
    return reply.code(status).send({ problems });
  });
  server.setNotFoundHandler((request, reply) =>
    reply.code(404).send({
      problems: [
        {
          field: "address",
          value: request.url,
          problem: "there is nothing at this address",
          remedy: "/api/v1/openapi.json lists what there is.",
        },
      ],
    }),
  );
  await server.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", "data:"],
        objectSrc: ["'none'"],
      },
    },
    strictTransportSecurity: false,
  });
  await server.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Weir",
        version,
        description: "The HTTP API of Weir. Times are milliseconds since the epoch.",
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  return server;
}

interface Answered {
  status: number;
  problems: readonly { field: string; value: unknown; problem: string; remedy: string }[];
}

function problemsOf(error: unknown): Answered {
  if (error instanceof RequestFault) return { status: error.status, problems: error.problems };
  if (hasZodFastifySchemaValidationErrors(error)) {
    const problems = error.validation.map(({ instancePath, message }) => ({
      field:
        instancePath.split("/").filter(Boolean).join(".") || (error.validationContext ?? "body"),
      value: null,
      problem: message ?? "it has another form",
      remedy: "Correct it, and send the request again: nothing was done.",
    }));
    return { status: 400, problems };
  }
  const problem = (status: number, words: string, remedy: string): Answered => ({
    status,
    problems: [{ field: "request", value: null, problem: words, remedy }],
  });
  if (error instanceof Fault) {
    const isLater = error.exitCode === EXIT_CODES.tryLater;
    return problem(
      isLater || error.exitCode === EXIT_CODES.unavailable ? 503 : 500,
      error.message,
      error.remedy,
    );
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  // What Fastify itself refuses: a body that is too large, or is no JSON.
  if (typeof status === "number" && status >= 400 && status < 500) {
    return problem(
      status,
      errorCode(error) ?? "it cannot be read",
      "Correct it, and send the request again.",
    );
  }
  return problem(500, "the dashboard failed to answer", "Look into its log, and ask again.");
}
