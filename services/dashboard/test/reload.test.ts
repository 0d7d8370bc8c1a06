import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { createTestContext, freePort, temporaryFolder } from "@weir/testkit";
import { readDashboardConfig } from "../src/config.ts";
import { startDashboard } from "../src/dashboard.ts";

const PASSWORD = "correct horse";

test("SIGHUP takes over the streams of weir.yaml, and users stay signed in", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  const environment = {
    WEIR_FILE: folder.file("weir.yaml"),
    BROKER: `127.0.0.1:${broker.port}`,
    DASHBOARD_PORT: String(await freePort()),
    DASHBOARD_PASSWORD_FILE: folder.file("password"),
    DB_FILE: folder.file("weir.db"),
  };
  writeFileSync(environment.DASHBOARD_PASSWORD_FILE, PASSWORD);
  writeFileSync(environment.WEIR_FILE, "streams: {}");
  await using dashboard = await startDashboard(
    readDashboardConfig(environment),
    createTestContext(),
  );
  const address = `http://127.0.0.1:${environment.DASHBOARD_PORT}/api/v1`;
  const signedIn = await fetch(`${address}/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "admin", password: PASSWORD }),
  });
  const cookie = signedIn.headers.getSetCookie().map((set) => set.split(";")[0]);
  const streams = async () => {
    const answer = await fetch(`${address}/streams`, { headers: { cookie: cookie.join("; ") } });
    return await answer.text();
  };
  expect(await streams()).toContain('"name":"devices"');
  expect(await streams()).not.toContain('"name":"home"');

  writeFileSync(environment.WEIR_FILE, "streams: { home: { filters: [zigbee2mqtt/#] } }");
  await dashboard.reload?.(readDashboardConfig(environment));
  expect(await streams()).toContain('"name":"home"');
});
