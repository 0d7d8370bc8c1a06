import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { readDashboardConfig } from "@weir/dashboard/config";
import { type BrokerConfig, brokerAddress } from "@weir/runtime";
import { readServices } from "@weir/standalone/settings";
import { type Check, type Finding, look, ok, type Scene, wrong } from "./check.ts";

const DAY_MS = 86_400_000;
/** Time enough to renew a certificate. */
const WARNED_DAYS = 30;
const ANSWER_MS_MAX = 2_000;
const PEM = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** A certificate, and where it was found. */
interface Found {
  where: string;
  endMs: number;
}

/** How long the certificates are valid: those of the settings, of the folder of secrets, and of brokers with TLS. */
export const certificateTerms: Check = {
  name: "certificates",
  look: async (scene): Promise<Finding[]> => {
    const { environment, clock } = scene;
    const brokers = Object.entries(readServices(environment).streams.brokers);
    const { tls } = readDashboardConfig(environment);
    const secrets = environment.SECRETS_FOLDER?.trim() || "secrets";
    const found = [
      ...brokers.flatMap(([name, { tls: files }]) => [
        ...termsOf(files?.ca, `the authority of the broker ${name}`),
        ...termsOf(files?.certificate, `the client's certificate for the broker ${name}`),
      ]),
      ...termsOf(tls?.certificate, "DASHBOARD_CERTIFICATE_FILE"),
      ...globSync(join(secrets, "**/*.crt")).flatMap((file) =>
        termsOf(readFileSync(file, "utf8"), file),
      ),
      ...(await Promise.all(brokers.map(([, broker]) => presentedBy(broker, scene)))).flat(),
    ];
    const findings = found.flatMap((one) => termFindings(one, clock.now()));
    if (findings.length > 0) return findings;
    const first = Math.min(...found.map(({ endMs }) => endMs));
    return [
      ok(
        found.length === 0
          ? "none in use"
          : `${found.length} certificates, the first one ends on ${dayOf(first)}`,
      ),
    ];
  },
};

function termFindings({ where, endMs }: Found, nowMs: number): Finding[] {
  const daysLeft = Math.floor((endMs - nowMs) / DAY_MS);
  if (daysLeft >= WARNED_DAYS) return [];
  const remedy =
    "Renew it, and restart what uses it; for the secured suite: docs/how-to/secure-the-suite.md.";
  return daysLeft < 0
    ? [wrong(`${where} has ended on ${dayOf(endMs)}`, remedy)]
    : [look(`${where} ends in ${daysLeft} days, on ${dayOf(endMs)}`, remedy)];
}

function termsOf(pem: string | null | undefined, where: string): Found[] {
  return (pem?.match(PEM) ?? []).map((one) => ({
    where,
    endMs: new X509Certificate(one).validToDate.getTime(),
  }));
}

/** What a broker with TLS shows, whether it is trusted or not: that is for the connection to find out. */
async function presentedBy({ url }: BrokerConfig, { signal }: Scene): Promise<Found[]> {
  if (!/^(mqtts|wss):/i.test(url)) return [];
  const { host, port } = brokerAddress(url);
  const socket = connect({
    host,
    port,
    // Addresses have no place there (RFC 6066, 3).
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: false,
  });
  try {
    await once(socket, "secureConnect", {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    const endMs = socket.getPeerX509Certificate()?.validToDate.getTime();
    return endMs === undefined
      ? []
      : [{ where: `what the broker at ${host}:${port} shows`, endMs }];
  } catch {
    // The check of the broker reports that.
    return [];
  } finally {
    socket.destroy();
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
