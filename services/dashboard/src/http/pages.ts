import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Api } from "./server.ts";

/** Where tools/pages.mjs puts the pages. */
export const PAGES_FOLDER: string = fileURLToPath(new URL("../../dist", import.meta.url));

const YEAR_MS = 31_536_000_000;

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Weir</title>
<h1>The pages are not built</h1>
<p>In the folder of Weir, run <code>node tools/pages.mjs</code>, and load this page again.
<code>npm start</code> does it by itself.</p>
<p>The API works without them: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p>
</html>
`;

/**
 * Serves the built pages. An address that is of no file and not of the API is a page's, which shows what is at it.
 *
 * @param folder with index.html and assets; it may be made later.
 */
export async function servePages(server: Api, folder: string): Promise<void> {
  await server.register(async (scope) => {
    scope.addHook("onRoute", (route) => {
      route.config = { ...route.config, role: "anyone" };
    });
    await scope.register(fastifyStatic, {
      root: join(folder, "assets"),
      prefix: "/assets/",
      index: false,
      dotfiles: "ignore",
      // The build has also written compressed ones.
      preCompressed: true,
      // Their names contain a hash of what is in them.
      immutable: true,
      maxAge: YEAR_MS,
    });
  });
  server.setNotFoundHandler(async (request, reply) => {
    if (!isForPage(request)) return nothingThere(request, reply);
    const index = await readFile(join(folder, "index.html")).catch(() => null);
    reply.type("text/html; charset=utf-8").header("cache-control", "no-cache");
    return reply.code(index === null ? 503 : 200).send(index ?? NOT_BUILT);
  });
}

function isForPage({ method, url, headers }: FastifyRequest): boolean {
  const isRead = method === "GET" || method === "HEAD";
  // Whoever watches whether the pages are there asks for the first one, as any type.
  return (
    isRead &&
    !url.startsWith("/api/") &&
    (url === "/" || (headers.accept ?? "").includes("text/html"))
  );
}

function nothingThere({ url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(404).send({
    problems: [
      {
        field: "address",
        value: url,
        problem: "there is nothing at this address",
        remedy: "/api/v1/openapi.json lists what there is.",
      },
    ],
  });
}
