import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { dashboardSettings } from "@weir/dashboard/config";
import {
  brokerConfig,
  brokerSettings,
  type Environment,
  EXIT_CODES,
  errorMessage,
  Fault,
  namesBroker,
  processSettings,
  readSettings,
  renderHelp,
  storeSettings,
} from "@weir/runtime";
import {
  allSettings,
  collectProblems,
  demoSettings,
  readServices,
  settingWarnings,
  standaloneSettings,
} from "./settings.ts";

export interface StandaloneConfig {
  /** The user's own broker, or one that the suite brings. */
  broker: { kind: "foreign"; url: string } | OwnBroker;
  storeFile: string;
  logFolder: string;
  /** Where the pages are; `null` where the dashboard takes any free port. */
  pagesUrl: string | null;
  /** Where they listen; port 0 is any free one. */
  pages: { host: string; port: number };
  /** The address that every process serves /readyz on. */
  httpHost: string;
  /** What every process is given as its environment. */
  environment: Environment;
  /** Services that are not wanted, by name. */
  withoutServices: readonly string[];
  /** What its user may not have meant. */
  warnings: readonly string[];
}

/** A broker that the suite brings. */
export interface OwnBroker {
  kind: "own";
  port: number;
  wanted: "auto" | "mosquitto" | "aedes";
  /** The absolute path of the folder that a Mosquitto keeps its sessions in. */
  folder: string;
}

/** The broker of the suite is for this machine alone: it asks for no password. */
export const OWN_BROKER_HOST = "127.0.0.1";

/** @throws ConfigurationFault naming every problem, those of the services included. */
export function readStandaloneConfig(given: Environment): StandaloneConfig {
  const problems = new Set<string>();
  const { BROKER_PORT } = brokerSettings;
  const own = collectProblems(problems, () =>
    readSettings({ BROKER_PORT, ...standaloneSettings }, given),
  );
  const environment: Environment = {
    ...given,
    ...(namesBroker(given) || own === null
      ? {}
      : { BROKER: `${OWN_BROKER_HOST}:${own.BROKER_PORT}` }),
    // The supervisor reads their logs.
    LOG_FORMAT: "json",
  };
  const logger = readServices(environment, problems);

  const { DASHBOARD_HOST, DASHBOARD_PORT } = dashboardSettings;
  const pages = { DASHBOARD_HOST, DASHBOARD_PORT };
  const shared = {
    ...demoSettings,
    ...standaloneSettings,
    ...brokerSettings,
    ...storeSettings,
    ...processSettings,
    ...pages,
  };
  const values = readSettings(shared, environment);
  return {
    broker: namesBroker(given)
      ? { kind: "foreign", url: brokerConfig(values).url }
      : {
          kind: "own",
          port: values.BROKER_PORT,
          wanted: values.BROKER_KIND,
          folder: resolve(dirname(values.DB_FILE), "mosquitto"),
        },
    storeFile: values.DB_FILE,
    logFolder: values.LOG_FOLDER,
    pagesUrl: pagesUrlOf(
      (environment.DASHBOARD_CERTIFICATE_FILE ?? "") === "" ? "http" : "https",
      values.DASHBOARD_HOST,
      values.DASHBOARD_PORT,
    ),
    pages: { host: values.DASHBOARD_HOST, port: values.DASHBOARD_PORT },
    httpHost: values.HTTP_HOST,
    environment,
    withoutServices: [
      ...(values.DEMO_PUBLISHER === "1" ? [] : ["publisher"]),
      ...(values.DEMO_DEVICE === "1" ? [] : ["device-agent"]),
    ],
    warnings: settingWarnings(given, logger),
  };
}

function pagesUrlOf(scheme: "http" | "https", host: string, port: number): string | null {
  if (port === 0) return null;
  const isThisMachine = ["127.0.0.1", "0.0.0.0", "::", "::1"].includes(host);
  const name = host.includes(":") ? `[${host}]` : host;
  return `${scheme}://${isThisMachine ? "localhost" : name}:${port}`;
}

/** @throws Fault for an option that there is not. */
export function parseCommandLine(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        format: { type: "string" },
      },
    });
    const { help, verbose, format } = values;
    const environment: Environment = format === undefined ? {} : { STATS_PRINTER_FORMAT: format };
    return { help, isVerbose: verbose, environment };
  } catch (cause) {
    throw new Fault(errorMessage(cause), {
      remedy: "See npm start -- --help.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

/** The text of `--help`. */
export function renderUsage(): string {
  return `npm start: runs the whole suite on this machine, without Docker, until Ctrl-C.

Options, after "npm start --":
  --help
  --verbose   shows the log of every process
  --format …  how the statistics are printed: table, json or csv

A broker that BROKER or BROKER_URL names must answer at the start, or it ends with code 69; later
outages are waited out. A process that ends is started again. SIGHUP has the logger, stats,
workflows and the dashboard read weir.yaml again, unless the terminal was closed: then it stops. Exit codes: 0 stopped as asked, 69 a
port is taken or the broker is missing, 73 a folder cannot be written, 75 another logger writes the
store, 78 the settings are wrong.

Settings:
${renderHelp(allSettings)}
`;
}
