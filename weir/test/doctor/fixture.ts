import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Clock,
  type Environment,
  Health,
  Registry,
  Routes,
  startHttpServer,
} from "@weir/runtime";
import { freePort, type TemporaryFolder } from "@weir/testkit";
import type { Finding } from "../../src/doctor/check.ts";
import { startHere } from "../fixture.ts";

type Named = Finding & { check: string };

/** Runs `weir doctor --json` on a store in this folder. No broker and no service of this machine is asked. */
export async function doctor(
  folder: TemporaryFolder,
  { environment = {}, clock }: { environment?: Environment; clock?: Clock } = {},
) {
  const { code, out, err } = await startHere(["doctor", "--json"], {
    environment: {
      DB_FILE: folder.file("weir.db"),
      PUBLISHER_OUTBOX_FILE: folder.file("outbox.db"),
      DEVICE_FOLDER: folder.file("device"),
      SECRETS_FOLDER: folder.file("secrets"),
      BROKER_PORT: String(await freePort()),
      DASHBOARD_SERVICES: `logger=http://127.0.0.1:${await freePort()}`,
      ...environment,
    },
    ...(clock && { clock }),
  }).ended;
  const { findings, ...counts }: { findings: Named[] } & Record<string, number> = JSON.parse(out);
  return {
    code,
    err,
    counts,
    findings,
    of: (check: string) => findings.filter((one) => one.check === check),
  };
}

/** A service that says of itself what a test wants. */
export async function startReporting(
  tell: (health: Health) => void,
  measure: (metrics: Registry) => void = () => {},
) {
  const [health, metrics] = [new Health(), new Registry()];
  tell(health);
  measure(metrics);
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    health,
    metrics,
    routes: new Routes(),
    portSetting: "",
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}

/** Another program's web server, or one that never answers. */
export async function startForeign({ hangs = false } = {}) {
  const server = createServer((_, response) => {
    if (!hangs) response.end("<html>");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
