import { expect, test } from "@jest/globals";
import { Browser, startTestServer } from "./fixture.ts";

test("allows scripts and styles of this server only, and no frame around it", async () => {
  await using server = await startTestServer();
  const { headers } = await server.api.inject({ url: "/api/v1/session" });
  const policy = String(headers["content-security-policy"]);
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("no-referrer");
});

test("limits the requests of an address, also those for nothing", async () => {
  await using server = await startTestServer();
  const ask = async (url: string, remoteAddress: string) =>
    await server.api.inject({ url, remoteAddress });
  for (let count = 0; count < 3_000; count += 1) await ask("/nothing", "2001:db8::1");
  // A client with IPv6 has a whole network of addresses.
  const refused = await ask("/api/v1/session", "2001:db8::2");
  expect(refused.statusCode).toBe(429);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect(refused.json().problems).toMatchObject([{ field: "request" }]);
  expect((await new Browser(server.api).ask("GET", "/session")).statusCode).toBe(200);
});
