import { request } from "node:https";
import { json } from "node:stream/consumers";
import { expect, test } from "@jest/globals";
import { createTestCertificate, createTestContext } from "@weir/testkit";
import { buildServer } from "../../src/http/server.ts";

test("speaks TLS with a certificate of its own, and knows that it does", async () => {
  const tls = createTestCertificate({ name: "weir", hosts: ["127.0.0.1"] });
  const { logger } = createTestContext();
  const api = await buildServer(logger, "0.0.0", { tls });
  api.get("/api/v1/protocol", ({ protocol }) => ({ protocol }));
  const address = await api.listen({ host: "127.0.0.1", port: 0 });
  expect(address).toMatch(/^https:/);
  const answer = await new Promise((resolve, reject) => {
    const options = { ca: tls.certificate, headers: { connection: "close" } };
    request(`${address}/api/v1/protocol`, options, (response) => resolve(json(response)))
      .on("error", reject)
      .end();
  });
  expect(answer).toEqual({ protocol: "https" });
  await api.close();
});
