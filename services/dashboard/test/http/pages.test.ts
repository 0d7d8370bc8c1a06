import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "@jest/globals";
import { createTestContext, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { type Api, buildServer } from "../../src/http/server.ts";

const INDEX = "<!doctype html><title>Weir</title>";
const SCRIPT = "console.log(1);";
const HTML = { accept: "text/html,*/*" };

/** A folder with built pages, beside a secret. */
function builtPages(): TemporaryFolder {
  const folder = temporaryFolder();
  writeFileSync(folder.file("secret.txt"), "secret");
  mkdirSync(folder.file("dist/assets"), { recursive: true });
  writeFileSync(folder.file("dist/index.html"), INDEX);
  writeFileSync(folder.file("dist/.hidden"), "hidden");
  writeFileSync(folder.file("dist/assets/main-AbC.js"), SCRIPT);
  writeFileSync(folder.file("dist/assets/main-AbC.js.gz"), gzipSync(SCRIPT));
  return folder;
}

async function serve(folder: TemporaryFolder): Promise<Api> {
  const { logger } = createTestContext();
  return await buildServer(logger, "0.0.0", { pagesFolder: folder.file("dist") });
}

test("serves the page at every address that is of no file and not of the API", async () => {
  using folder = builtPages();
  const api = await serve(folder);
  for (const url of ["/", "/devices/a%2Fb", "/series?find=x", "/index.html", "/.hidden"]) {
    const answer = await api.inject({ url, headers: HTML });
    expect([url, answer.statusCode, answer.body]).toEqual([url, 200, INDEX]);
    expect(answer.headers["cache-control"]).toBe("no-cache");
    expect(answer.headers["content-type"]).toMatch(/^text\/html/);
    expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
  }
  await api.close();
});

test("lets browsers keep what has a hash in its name, and sends it compressed", async () => {
  using folder = builtPages();
  const api = await serve(folder);
  const ask = (headers: Record<string, string>) =>
    api.inject({ url: "/assets/main-AbC.js", headers });
  const plain = await ask({});
  expect(plain.body).toBe(SCRIPT);
  expect(plain.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  const compressed = await ask({ "accept-encoding": "gzip" });
  expect(compressed.headers["content-encoding"]).toBe("gzip");
  expect(compressed.headers["content-type"]).toBe(plain.headers["content-type"]);
  expect(compressed.headers["cache-control"]).toContain("immutable");
  expect(compressed.headers.vary).toMatch(/accept-encoding/i);
  expect(gunzipSync(compressed.rawPayload).toString()).toBe(SCRIPT);
  await api.close();
});

test("answers with problems where nothing is, for programs and scripts", async () => {
  using folder = builtPages();
  const api = await serve(folder);
  for (const request of [
    { url: "/api/v1/nothing", headers: HTML },
    { url: "/assets/gone.js", headers: { accept: "*/*" } },
    { url: "/devices", method: "POST" as const, headers: HTML },
  ]) {
    const answer = await api.inject(request);
    expect(answer.statusCode).toBe(404);
    expect(answer.json().problems).toMatchObject([{ field: "address", value: request.url }]);
  }
  await api.close();
});

test("answers for its first address, whatever type is asked for: so it can be watched", async () => {
  using folder = builtPages();
  const api = await serve(folder);
  expect((await api.inject({ url: "/", method: "HEAD" })).statusCode).toBe(200);
  expect((await api.inject({ url: "/", headers: { accept: "*/*" } })).statusCode).toBe(200);
  await api.close();
});

test("says how to build the pages while there are none, and serves them when there are", async () => {
  using folder = temporaryFolder();
  const api = await serve(folder);
  const missing = await api.inject({ url: "/", headers: HTML });
  expect(missing.statusCode).toBe(503);
  expect(missing.body).toContain("node tools/pages.mjs");
  mkdirSync(folder.file("dist/assets"), { recursive: true });
  writeFileSync(folder.file("dist/index.html"), INDEX);
  writeFileSync(folder.file("dist/assets/main.js"), SCRIPT);
  expect((await api.inject({ url: "/", headers: HTML })).body).toBe(INDEX);
  expect((await api.inject({ url: "/assets/main.js" })).body).toBe(SCRIPT);
  await api.close();
});

test.each([
  "/../secret.txt",
  "/..%2fsecret.txt",
  "/%2e%2e/secret.txt",
  "/%2e%2e%2fsecret.txt",
  "/assets/../../secret.txt",
  "/assets/..%2f..%2fsecret.txt",
  "/assets/..%5c..%5csecret.txt",
  "/assets/%252e%252e/%252e%252e/secret.txt",
  "//etc/passwd",
  "/assets/main-AbC.js%00",
])("leads to no file outside of the pages: %s", async (path) => {
  using folder = builtPages();
  const api = await serve(folder);
  const { hostname, port } = new URL(await api.listen({ host: "127.0.0.1", port: 0 }));
  // A client of its own: others tidy the path up.
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n`);
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(answer).not.toMatch(/^secret$|root:|console/m);
  await api.close();
});
