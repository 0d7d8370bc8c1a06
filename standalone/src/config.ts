import { parseArgs } from "node:util";
import { dashboardSettings, readDashboardConfig } from "@weir/dashboard/config";
import { deviceAgentSettings, readAgentConfig } from "@weir/device-agent/config";
import { loggerSettings, readLoggerConfig } from "@weir/logger/config";
import { publisherSettings, readPublisherConfig } from "@weir/publisher/config";
import {
  brokerConfig,
  brokerSettings,
  ConfigurationFault,
  type Environment,
  EXIT_CODES,
  errorMessage,
  Fault,
  namesBroker,
  processSettings,
  readSettings,
  renderHelp,
  section,
  storeSettings,
  text,
} from "@weir/runtime";
import { readStatsConfig, statsSettings } from "@weir/stats/config";
import { readStatsPrinterConfig, statsPrinterSettings } from "@weir/stats-printer/config";

export interface StandaloneConfig {
  /** The user's own broker, or one that the suite brings. */
  broker: { kind: "foreign"; url: string } | { kind: "embedded" };
  storeFile: string;
  logFolder: string;
  /** Where the pages are; `null` where the dashboard takes any free port. */
  pagesUrl: string | null;
  /** The address that every process serves /readyz on. */
  httpHost: string;
  /** What every process is given as its environment. */
  environment: Environment;
}

/** The embedded broker is for this machine alone: it asks for no password. */
export const EMBEDDED_BROKER_HOST = "127.0.0.1";

export const standaloneSettings = section("Without Docker (npm start)", {
  LOG_FOLDER: text({
    description: "Folder of the logs that npm start writes, a file for each process.",
    default: "data/logs",
    allowed: "a path",
  }),
});

/** Every setting of `npm start`, for `--help`. */
export const allSettings = {
  ...standaloneSettings,
  ...publisherSettings,
  ...loggerSettings,
  ...statsSettings,
  ...statsPrinterSettings,
  ...deviceAgentSettings,
  ...dashboardSettings,
};

const serviceReaders = [
  readLoggerConfig,
  readStatsConfig,
  readPublisherConfig,
  readStatsPrinterConfig,
  readAgentConfig,
  readDashboardConfig,
];

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
      : { BROKER: `${EMBEDDED_BROKER_HOST}:${own.BROKER_PORT}` }),
    // The supervisor reads their logs.
    LOG_FORMAT: "json",
  };
  for (const read of serviceReaders) collectProblems(problems, () => read(environment));
  if (own === null || problems.size > 0) throw new ConfigurationFault([...problems]);

  const { DASHBOARD_HOST, DASHBOARD_PORT } = dashboardSettings;
  const pages = { DASHBOARD_HOST, DASHBOARD_PORT };
  const shared = { ...brokerSettings, ...storeSettings, ...processSettings, ...pages };
  const values = readSettings(shared, environment);
  return {
    broker: namesBroker(given)
      ? { kind: "foreign", url: brokerConfig(values).url }
      : { kind: "embedded" },
    storeFile: values.DB_FILE,
    logFolder: own.LOG_FOLDER,
    pagesUrl: pagesUrlOf(values.DASHBOARD_HOST, values.DASHBOARD_PORT),
    httpHost: values.HTTP_HOST,
    environment,
  };
}

function pagesUrlOf(host: string, port: number): string | null {
  if (port === 0) return null;
  const isThisMachine = ["127.0.0.1", "0.0.0.0", "::", "::1"].includes(host);
  const name = host.includes(":") ? `[${host}]` : host;
  return `http://${isThisMachine ? "localhost" : name}:${port}`;
}

function collectProblems<T>(problems: Set<string>, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    for (const problem of error.problems) problems.add(problem);
    return null;
  }
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
outages are waited out. A process that ends is started again. SIGHUP has the logger and stats read
weir.yaml again, unless the terminal was closed: then it stops. Exit codes: 0 stopped as asked, 69 a
port is taken or the broker is missing, 73 a folder cannot be written, 75 another logger writes the
store, 78 the settings are wrong.

Settings:
${renderHelp(allSettings)}
`;
}
