import { dirname, join } from "node:path";
import type { RoutesClientOptions } from "./routes-client.ts";
import { optionalText, type SettingValues, section } from "./settings.ts";
import { httpPortSetting, type processSettings, type storeSettings } from "./shared-settings.ts";

/** Where the logger's HTTP server is, and what entitles to delete data there. */
export const loggerAddressSettings = section("Logger", {
  LOGGER_HTTP_PORT: httpPortSetting(9_102),
  LOGGER_URL: optionalText({
    description:
      "Where weir delete and the dashboard find the logger's HTTP server. Without it: this machine, with LOGGER_HTTP_PORT.",
    allowed: "a URL that begins with http:// or https://",
    problem: urlProblem,
  }),
  LOGGER_TOKEN_FILE: optionalText({
    description:
      "File with the secret of those who may delete data; the logger makes it where it is missing. Without it: deletions.token beside DB_FILE.",
    allowed: "a path",
  }),
});

type AddressValues = SettingValues<typeof loggerAddressSettings> &
  SettingValues<Pick<typeof storeSettings, "DB_FILE">> &
  SettingValues<Pick<typeof processSettings, "HTTP_HOST">>;

/** How to ask the logger of these settings. */
export function loggerAddress(values: AddressValues): RoutesClientOptions {
  const here = `http://${hostOf(values.HTTP_HOST)}:${values.LOGGER_HTTP_PORT}`;
  return {
    service: "logger",
    url: values.LOGGER_URL ?? here,
    tokenFile: values.LOGGER_TOKEN_FILE ?? tokenFileBeside(values.DB_FILE),
    entitlesTo: "delete data",
  };
}

/** The file with the secret of those who may delete data, where no setting names another. */
export function tokenFileBeside(storeFile: string): string {
  return join(dirname(storeFile), "deletions.token");
}

function urlProblem(url: string): string | null {
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) return "it is another text";
  const { username, password } = new URL(url);
  if (username === "" && password === "") return null;
  return "leave out the user and the password: the logger wants its token only";
}

/** An address to connect to: a server that listens on all addresses is on this machine, too. */
function hostOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
