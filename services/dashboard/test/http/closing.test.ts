import { connect } from "node:net";
import { expect, test } from "@jest/globals";
import { createTestContext, eventually } from "@weir/testkit";
import { buildServer } from "../../src/http/server.ts";

test("closes while a client waits for an answer, and another one says nothing", async () => {
  const { logger } = createTestContext();
  const api = await buildServer(logger, "0.0.0");
  let isAsked = false;
  api.get("/api/v1/stuck", () => {
    isAsked = true;
    return new Promise<never>(() => {});
  });
  const address = await api.listen({ host: "127.0.0.1", port: 0 });
  const { hostname, port } = new URL(address);
  const silent = connect(Number(port), hostname);
  const silentEnded = new Promise((resolve) => silent.once("close", resolve));
  const answer = fetch(`${address}/api/v1/stuck`).then(
    () => "answered",
    () => "ended",
  );
  await eventually(() => isAsked);
  await api.close();
  await silentEnded;
  expect(await answer).toBe("ended");
});
