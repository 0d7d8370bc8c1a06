import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP, isIPv6 } from "node:net";
import { dirname, join } from "node:path";
import {
  brokerConfig,
  brokerSettings,
  CheckedSettings,
  credentialFile,
  type Environment,
  httpPortSetting,
  integer,
  loggerAddress,
  loggerAddressSettings,
  optionalText,
  processConfig,
  processSettings,
  type SettingValues,
  section,
  staleAfterSeconds,
  statisticsSettings,
  storeSettings,
  text,
  toolEnvironment,
  toolSettings,
  topicSettings,
  topicsDifferRule,
  workflowsAddress,
  workflowsAddressSettings,
} from "@weir/runtime";
import { indexFileOf } from "@weir/series";
import { prefixesOf, streamSettings, streamsOf } from "@weir/streams";
import { servicesHere, servicesOf, servicesProblem, urlProblem } from "./addresses.ts";
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from "./contract/access.ts";

export const dashboardSettings = {
  ...brokerSettings,
  ...toolSettings,
  ...topicSettings,
  ...storeSettings,
  ...streamSettings,
  ...statisticsSettings,
  ...loggerAddressSettings,
  ...workflowsAddressSettings,
  ...section("Dashboard", {
    DASHBOARD_HOST: text({
      description:
        "Address that the pages and the API listen on. In Compose it is fixed; DASHBOARD_PUBLISH says who reaches it.",
      default: "127.0.0.1",
      allowed: "an address of this machine",
    }),
    DASHBOARD_PORT: integer({
      description: "Port of the pages and the API; 0 takes any free one.",
      default: 8_080,
      min: 0,
      max: 65_535,
    }),
    DASHBOARD_FILE: optionalText({
      description:
        "SQLite file of users, sessions and the connection log. Without it: dashboard.db beside DB_FILE.",
      allowed: "a path",
    }),
    DASHBOARD_PASSWORD_FILE: credentialFile("password", {
      description:
        "File with the password of the user admin, an operator, who is made at the start. When the file has changed, so does the password. Without it the log shows a one-time code with which the first user is made.",
      allowed: `the path of a file with ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters`,
    }),
    DASHBOARD_TRUSTED_PROXY: optionalText({
      description:
        "Reverse proxies that the pages are reached through. Only what these say in X-Forwarded-For, -Proto and -Host is believed.",
      allowed:
        "addresses, networks (10.0.0.0/8) or the words loopback, linklocal and uniquelocal, with commas between them",
      problem: (given) => proxiesOf(given).map(proxyProblem).find(Boolean) ?? null,
    }),
    DASHBOARD_CERTIFICATE_FILE: credentialFile("certificates", {
      description: "File with the certificate of the pages, for TLS without a reverse proxy.",
      allowed:
        "the path of a PEM file with a certificate, and with those between it and its authority",
    }),
    DASHBOARD_KEY_FILE: credentialFile("key", {
      description: "File with the private key of DASHBOARD_CERTIFICATE_FILE.",
      allowed: "the path of a PEM file with a private key that has no passphrase",
    }),
    DASHBOARD_SERVICES: optionalText({
      description:
        "The services whose health the pages show. Without it: those on this machine, with the ports of their settings.",
      allowed: "name=http://host:port, with commas between them",
      problem: servicesProblem,
    }),
    DASHBOARD_NETWORK_URL: optionalText({
      description:
        "Where the network of the debug composition is controlled. Without it the pages have no buttons for that.",
      allowed: "a URL that begins with http://",
      problem: urlProblem,
    }),
    DASHBOARD_HTTP_PORT: httpPortSetting(9_106),
  }),
  ...processSettings,
};

/** Both files of TLS are given, and belong together. */
const tlsRule = {
  of: ["DASHBOARD_CERTIFICATE_FILE", "DASHBOARD_KEY_FILE"],
  problem: (values: SettingValues<typeof dashboardSettings>): string | null => {
    const { DASHBOARD_CERTIFICATE_FILE: certificate, DASHBOARD_KEY_FILE: key } = values;
    if (certificate === null && key === null) return null;
    if (certificate === null)
      return "DASHBOARD_KEY_FILE: it cannot be used without DASHBOARD_CERTIFICATE_FILE; give both, or neither";
    if (key === null)
      return "DASHBOARD_CERTIFICATE_FILE: it cannot be used without DASHBOARD_KEY_FILE; give both, or neither";
    return isPair(certificate, key)
      ? null
      : "DASHBOARD_KEY_FILE: it is not the key of the certificate in DASHBOARD_CERTIFICATE_FILE; name the one that belongs to it";
  },
} as const;

const passwordRule = {
  of: ["DASHBOARD_PASSWORD_FILE"],
  problem: (values: SettingValues<typeof dashboardSettings>): string | null => {
    const length = values.DASHBOARD_PASSWORD_FILE?.length ?? PASSWORD_LENGTH_MIN;
    return length >= PASSWORD_LENGTH_MIN && length <= PASSWORD_LENGTH_MAX
      ? null
      : `DASHBOARD_PASSWORD_FILE: the password in it has ${length} characters; write one of ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} into it`;
  },
} as const;

function isPair(certificate: string, key: string): boolean {
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}

function proxiesOf(given: string): string[] {
  return given.split(",").map((proxy) => proxy.trim());
}

const NETWORKS: ReadonlySet<string> = new Set(["loopback", "linklocal", "uniquelocal"]);

function proxyProblem(proxy: string): string | null {
  const [address = "", bits = "0", ...more] = proxy.split("/");
  const bitsMax = isIPv6(address) ? 128 : 32;
  const isNetwork = isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax;
  if (NETWORKS.has(proxy) || (isNetwork && more.length === 0)) return null;
  return `${JSON.stringify(proxy)} is neither an address nor a network`;
}

export type DashboardConfig = ReturnType<typeof readDashboardConfig>;

/** @throws ConfigurationFault naming every problem, those of weir.yaml included. */
export function readDashboardConfig(environment: Environment) {
  const settings = new CheckedSettings(dashboardSettings, environment, [
    topicsDifferRule,
    tlsRule,
    passwordRule,
  ]);
  const streams = streamsOf(settings);
  const values = settings.values();
  const { DASHBOARD_CERTIFICATE_FILE: certificate, DASHBOARD_KEY_FILE: key } = values;
  return {
    process: processConfig(values, values.DASHBOARD_HTTP_PORT),
    host: values.DASHBOARD_HOST,
    port: values.DASHBOARD_PORT,
    file: values.DASHBOARD_FILE ?? join(dirname(values.DB_FILE), "dashboard.db"),
    password: values.DASHBOARD_PASSWORD_FILE,
    trustedProxies:
      values.DASHBOARD_TRUSTED_PROXY === null ? [] : proxiesOf(values.DASHBOARD_TRUSTED_PROXY),
    tls: certificate === null || key === null ? null : { certificate, key },
    broker: brokerConfig(values),
    logger: loggerAddress(values),
    workflows: workflowsAddress(values),
    services:
      values.DASHBOARD_SERVICES === null
        ? servicesHere(environment, values.HTTP_HOST)
        : servicesOf(values.DASHBOARD_SERVICES),
    networkUrl: values.DASHBOARD_NETWORK_URL,
    statsTopic: values.STATS_TOPIC,
    /** Older statistics are stale. */
    staleAfterSeconds: staleAfterSeconds(values),
    storeFile: values.DB_FILE,
    indexFile: indexFileOf(values.DB_FILE),
    streams,
    /** The same streams, for audits: they have connections of their own, as another user where one is named. */
    audited: streamsOf(new CheckedSettings(dashboardSettings, toolEnvironment(environment))),
    /** How far ahead of reception an observation may lie before its time is replaced. */
    skewUs: values.LOGGER_CLOCK_SKEW_SECONDS * 1_000_000,
    devicePrefixes: prefixesOf(values.DEVICE_TOPIC_PREFIXES),
  };
}
