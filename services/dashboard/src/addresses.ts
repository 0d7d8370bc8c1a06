import type { Environment } from "@weir/runtime";

/** A service, and where its `/readyz` is. */
interface ServiceAddress {
  name: string;
  url: string;
}

const SERVICES_MAX = 20;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** What is wrong with a URL of an HTTP server; `null` for nothing. */
export function urlProblem(url: string): string | null {
  return /^http:\/\/[^/@]+\/?$/.test(url) && URL.canParse(url) ? null : "it is another text";
}

/** What is wrong with `name=url,name=url`; `null` for nothing. */
export function servicesProblem(given: string): string | null {
  const services = servicesOf(given);
  if (services.length > SERVICES_MAX) return `there are more than ${SERVICES_MAX}`;
  const wrong = services.find(({ name, url }) => !NAME.test(name) || urlProblem(url) !== null);
  return wrong === undefined ? null : `"${wrong.name}=${wrong.url}" is no name with a URL`;
}

/** The services of `name=url,name=url`. */
export function servicesOf(given: string): ServiceAddress[] {
  return given.split(",").map((one) => {
    const [name = "", ...url] = one.trim().split("=");
    return { name, url: url.join("=") };
  });
}

/** Where services are on this machine, unless the environment says otherwise. */
const PORTS = [
  ["publisher", "PUBLISHER_HTTP_PORT", 9_101],
  ["logger", "LOGGER_HTTP_PORT", 9_102],
  ["stats", "STATS_HTTP_PORT", 9_103],
  ["stats-printer", "STATS_PRINTER_HTTP_PORT", 9_104],
  ["device-agent", "DEVICE_AGENT_HTTP_PORT", 9_105],
  ["dashboard", "DASHBOARD_HTTP_PORT", 9_106],
  ["workflows", "WORKFLOWS_HTTP_PORT", 9_107],
] as const;

/** The services on this machine. One that takes any free port cannot be found. */
export function servicesHere(environment: Environment, host: string): ServiceAddress[] {
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return PORTS.map(([name, setting, usual]) => {
    const port = Number(environment[setting]?.trim() || usual);
    return { name, port, url: `http://${isEverywhere ? "127.0.0.1" : shownHost}:${port}` };
  })
    .filter(({ port }) => port !== 0)
    .map(({ name, url }) => ({ name, url }));
}
