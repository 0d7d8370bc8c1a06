import fastifyCookie from "@fastify/cookie";
import fastifyHelmet from "@fastify/helmet";
import fastifyRateLimit from "@fastify/rate-limit";
import fastifySwagger from "@fastify/swagger";
import { type Logger, RequestFault } from "@weir/runtime";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import type { Role } from "../contract/access.ts";
import { problems } from "../contract/problems.ts";
import { checkForm } from "./check-form.ts";
import { PAGES_FOLDER, servePages } from "./pages.ts";
import { answerNoRequest, answerProblems } from "./problems-of.ts";

/** Who asks: a user with a session, or a program with a token. */
export interface Who {
  name: string;
  role: Role;
  kind: "user" | "token";
  /** Whether the session or the token is still there: an answer that takes long asks again. */
  isCurrent: () => boolean;
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
/** Of one address, or of one network of IPv6. A page that is opened asks for about thirty things. */
const REQUESTS_A_MINUTE_MAX = 3_000;
const ADDRESSES_MAX = 10_000;
/** An answer has no headers about the limit, but for retry-after. */
const QUIET = {
  "x-ratelimit-limit": false,
  "x-ratelimit-remaining": false,
  "x-ratelimit-reset": false,
};
/** Each takes some memory, and clients need not say anything for a while. */
const CONNECTIONS_MAX = 5_000;
const CONNECTIONS_CHECK_MS = 5_000;
/** What is still being sent when the server closes. */
const CLOSE_MS_MAX = 1_000;

export interface ServerOptions {
  /** Where the built pages are. Default: where they are built. */
  pagesFolder?: string;
  /** The addresses of proxies whose X-Forwarded-… headers are true. Default none. */
  trustedProxies?: readonly string[];
  /** In PEM. Default `null`: the server speaks without TLS. */
  tls?: { certificate: string; key: string } | null;
}

/** Makes the server with the pages, without the API's routes: errors as problems, limits, headers, the OpenAPI document. */
export async function buildServer(
  logger: Logger,
  version: string,
  { pagesFolder = PAGES_FOLDER, trustedProxies = [], tls = null }: ServerOptions = {},
): Promise<Api> {
  const options = {
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    // What goes wrong is logged where it is handled; a line for each request would hide it.
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    return503OnClosing: true,
    clientErrorHandler: answerNoRequest,
    // An address that leads to no route, because it cannot be read.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      void answerProblems(error, request, reply, logger),
    routerOptions: { maxParamLength: 4_096 },
  };
  const http = {
    maxHeaderSize: HEADER_BYTES_MAX,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  };
  const made =
    tls === null
      ? Fastify({ ...options, http })
      : Fastify({ ...options, https: { ...http, cert: tls.certificate, key: tls.key } });
  // With TLS it differs only in what no route uses.
  const server = made.withTypeProvider<ZodTypeProvider>() as unknown as Api;
  server.server.maxConnections = CONNECTIONS_MAX;
  server.decorateRequest("who", null);
  server.setValidatorCompiler(checkForm);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler((error, request, reply) => answerProblems(error, request, reply, logger));
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
      components: {
        securitySchemes: {
          session: { type: "apiKey", in: "cookie", name: "weir_session" },
          token: { type: "http", scheme: "bearer" },
        },
      },
    },
    transform: (given) => jsonSchemaTransform(withRights(given)),
    transformObject: (given) => withoutUnused(jsonSchemaTransformObject(given)),
  });
  await server.register(fastifyCookie);
  await limitRequests(server);
  await servePages(server, pagesFolder);
  endConnections(server);
  return server;
}

type OpenApi = ReturnType<typeof jsonSchemaTransformObject>;
type Documented = Parameters<typeof jsonSchemaTransform>[0];

/** What the document says of every route: who may use it, and what an error looks like. */
function withRights({ schema, route, ...rest }: Documented): Documented {
  const { role = "viewer" } = route.config ?? {};
  const security = role === "anyone" ? [] : [{ session: [role] }, { token: [role] }];
  const response = { default: problems, ...(schema?.response ?? {}) };
  return { ...rest, route, schema: { security, ...schema, response } };
}

/** Each schema comes out twice, as something given and as something answered; most are one of the two. */
function withoutUnused<Document extends OpenApi>(document: Document): Document {
  const text = JSON.stringify(document.paths);
  const schemas = ("components" in document && document.components?.schemas) || {};
  for (const name of Object.keys(schemas)) {
    const isUnused = name.endsWith("Input") && !text.includes(`"#/components/schemas/${name}"`);
    if (isUnused) delete schemas[name];
  }
  return document;
}

/** Before every other hook, so that also those requests count that are refused, and those for nothing. */
async function limitRequests(server: Api): Promise<void> {
  await server.register(fastifyRateLimit, {
    global: false,
    max: REQUESTS_A_MINUTE_MAX,
    timeWindow: 60_000,
    cache: ADDRESSES_MAX,
    addHeadersOnExceeding: QUIET,
    addHeaders: QUIET,
    errorResponseBuilder: (_request, { ttl }) => {
      const problem = `more than ${REQUESTS_A_MINUTE_MAX} requests came from this address within a minute`;
      const remedy = `Wait ${Math.ceil(ttl / 1_000)} s, and send them more slowly.`;
      return new RequestFault(429, [{ field: "request", value: null, problem, remedy }]);
    },
  });
  server.addHook("onRequest", server.rateLimit());
}

/** Fastify would wait for each client to end its connection. */
function endConnections(server: Api): void {
  let isClosing = false;
  server.addHook("preClose", async () => {
    isClosing = true;
    setTimeout(() => server.server.closeAllConnections(), CLOSE_MS_MAX).unref();
  });
  server.addHook("onSend", async (_request, reply) => {
    if (isClosing) reply.header("connection", "close");
  });
}
