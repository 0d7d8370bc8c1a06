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
  /** The hosts that it is for, as `DNS:broker`; `null` for that of a client or an authority. */
  hosts: string | null;
}

/** For whom certificates are, and how long: those of the settings, of the folder of secrets, and of brokers with TLS. */
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
    return found.length === 0
      ? [ok("none in use")]
      : found.map((one) => termFinding(one, clock.now()));
  },
};

function termFinding({ where, endMs, hosts }: Found, nowMs: number): Finding {
  const daysLeft = Math.floor((endMs - nowMs) / DAY_MS);
  const shown = hosts === null ? where : `${where}, for ${hosts},`;
  if (daysLeft >= WARNED_DAYS) return ok(`${shown} is valid until ${dayOf(endMs)}`);
  const remedy =
    "Renew it, and restart what uses it; for the secured suite: docs/how-to/secure-the-suite.md.";
  return daysLeft < 0
    ? wrong(`${shown} has ended on ${dayOf(endMs)}`, remedy)
    : look(`${shown} ends in ${daysLeft} days, on ${dayOf(endMs)}`, remedy);
}

function termsOf(pem: string | null | undefined, where: string): Found[] {
  return (pem?.match(PEM) ?? []).map((one) => foundIn(new X509Certificate(one), where));
}

function foundIn({ validToDate, subjectAltName }: X509Certificate, where: string): Found {
  return { where, endMs: validToDate.getTime(), hosts: subjectAltName ?? null };
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
    const shown = socket.getPeerX509Certificate();
    return shown === undefined ? [] : [foundIn(shown, `that of the broker at ${host}:${port}`)];
  } catch {
    // The check of the broker reports that.
    return [];
  } finally {
    socket.destroy();
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
