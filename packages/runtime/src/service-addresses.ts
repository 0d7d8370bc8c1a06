import { dirname, join } from "node:path";
import type { RoutesClientOptions } from "./routes-client.ts";
import { optionalText, type SettingValues, section } from "./settings.ts";
import { httpPortSetting, type processSettings, type storeSettings } from "./shared-settings.ts";

/** Where the logger's HTTP server is, and what entitles to delete data there. */
export const loggerAddressSettings = section("Logger", {
  LOGGER_HTTP_PORT: httpPortSetting(9_102),
  LOGGER_URL: urlSetting(
    "Where weir delete and the dashboard find the logger's HTTP server. Without it: this machine, with LOGGER_HTTP_PORT.",
  ),
  LOGGER_TOKEN_FILE: tokenFileSetting(
    "File with the secret of those who may delete data; the logger makes it where it is missing. Without it: deletions.token beside DB_FILE.",
  ),
});

/** Where the HTTP server of the service workflows is, and what entitles to use it. */
export const workflowsAddressSettings = section("Workflows", {
  WORKFLOWS_HTTP_PORT: httpPortSetting(9_107),
  WORKFLOWS_URL: urlSetting(
    "Where weir workflows and the dashboard find the HTTP server of workflows. Without it: this machine, with WORKFLOWS_HTTP_PORT.",
  ),
  WORKFLOWS_TOKEN_FILE: tokenFileSetting(
    "File with the secret of those who may see and change workflows; the service workflows makes it where it is missing. Without it: workflows.token beside DB_FILE.",
  ),
});

type SharedValues = SettingValues<Pick<typeof storeSettings, "DB_FILE">> &
  SettingValues<Pick<typeof processSettings, "HTTP_HOST">>;

/** How to ask the logger of these settings. */
export function loggerAddress(
  values: SharedValues & SettingValues<typeof loggerAddressSettings>,
): RoutesClientOptions {
  return {
    service: "logger",
    url: values.LOGGER_URL ?? urlHere(values.HTTP_HOST, values.LOGGER_HTTP_PORT),
    tokenFile: loggerTokenFile(values),
    entitlesTo: "delete data",
  };
}

/** How to ask the service workflows of these settings. */
export function workflowsAddress(
  values: SharedValues & SettingValues<typeof workflowsAddressSettings>,
): RoutesClientOptions {
  return {
    service: "service workflows",
    settings: "WORKFLOWS",
    url: values.WORKFLOWS_URL ?? urlHere(values.HTTP_HOST, values.WORKFLOWS_HTTP_PORT),
    tokenFile: workflowsTokenFile(values),
    entitlesTo: "change workflows",
  };
}

/** The file with the secret of those who may delete data. */
export function loggerTokenFile(values: {
  LOGGER_TOKEN_FILE: string | null;
  DB_FILE: string;
}): string {
  return values.LOGGER_TOKEN_FILE ?? join(dirname(values.DB_FILE), "deletions.token");
}

/** The file with the secret of those who may see and change workflows. */
export function workflowsTokenFile(values: {
  WORKFLOWS_TOKEN_FILE: string | null;
  DB_FILE: string;
}): string {
  return values.WORKFLOWS_TOKEN_FILE ?? join(dirname(values.DB_FILE), "workflows.token");
}

function urlSetting(description: string) {
  return optionalText({
    description,
    allowed: "a URL that begins with http:// or https://",
    problem: urlProblem,
  });
}

function tokenFileSetting(description: string) {
  return optionalText({ description, allowed: "a path" });
}

function urlProblem(url: string): string | null {
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) return "it is another text";
  const { username, password } = new URL(url);
  if (username === "" && password === "") return null;
  return "leave out the user and the password: the service wants its token only";
}

/** An address to connect to: a server that listens on all addresses is on this machine, too. */
function urlHere(host: string, port: number): string {
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return `http://${isEverywhere ? "127.0.0.1" : shownHost}:${port}`;
}
