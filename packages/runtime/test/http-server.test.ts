import { describe, expect, test } from "@jest/globals";
import { Counter, Health, Registry, Routes, startHttpServer } from "@weir/runtime";

async function serve() {
  const health = new Health();
  const metrics = new Registry();
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    health,
    metrics,
    routes: new Routes(),
    portSetting: "TEST_HTTP_PORT",
  });
  return { health, metrics, server, url: `http://127.0.0.1:${server.port}` };
}

describe("the HTTP side of a service", () => {
  test("is healthy while it answers, ready once every check has passed", async () => {
    const { health, server, url } = await serve();
    await using _server = server;
    const broker = health.check("broker");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    broker.pass();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    broker.fail("it went away");
    const response = await fetch(`${url}/readyz`);
    expect(await response.json()).toEqual({
      ready: false,
      checks: { broker: "it went away" },
      warnings: {},
    });
    broker.pass(["it keeps no retained messages"]);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
      ready: true,
      checks: { broker: "ok" },
      warnings: { broker: ["it keeps no retained messages"] },
    });
  });

  test("prints metrics for Prometheus", async () => {
    const { metrics, server, url } = await serve();
    await using _server = server;
    new Counter({ name: "weir_test_total", help: "A test.", registers: [metrics] }).inc(3);
    const response = await fetch(`${url}/metrics?x=1`);
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(await response.text()).toContain("weir_test_total 3");
  });

  test("answers nothing else", async () => {
    const { server, url } = await serve();
    await using _server = server;
    expect((await fetch(`${url}/../etc/passwd`)).status).toBe(404);
    expect((await fetch(`${url}/healthz`, { method: "POST" })).status).toBe(405);
  });
});
