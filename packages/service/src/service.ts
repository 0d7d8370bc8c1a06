import type { Clock } from "@weir/clock";
import type { Environment, ProcessConfig, Settings } from "@weir/config";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Health } from "./health.ts";

/** What a running service is given. */
export interface ServiceContext {
  clock: Clock;
  logger: Logger;
  /** Where its metrics are registered; `/metrics` prints them. */
  metrics: Registry;
  health: Health;
  /** Ends the process because of a fault that the service cannot mend. The first one counts. */
  fail: (fault: unknown) => void;
  /** Ends the process in an orderly way, as SIGTERM does; whoever keeps it running starts it again. */
  stop: (reason: string) => void;
}

/** A command line option that does not take everything that its variable takes. */
export interface Option {
  /** The environment variable that it stands for. */
  variable: string;
  /** `null`, or what is wrong with a value and how to mend it; it does not show what is secret. */
  problem: (value: string) => string | null;
}

/** A service, as `runService` brings it to life. */
export interface ServiceDefinition<C extends { process: ProcessConfig }> {
  /** The name of its folder under `services/`. */
  name: string;
  /** One sentence for `--help`. */
  summary: string;
  settings: Settings;
  /** Command line options: `--<option> value` stands for an environment variable. */
  options?: Readonly<Record<string, string | Option>>;
  /** What else `--help` tells, after the settings. */
  details?: string;
  /** @throws ConfigurationFault naming every problem. */
  readConfig: (environment: Environment) => C;
  /** Starts it. Disposing of what it returns stops intake first and flushes after. */
  start: (config: C, context: ServiceContext) => Service<C> | Promise<Service<C>>;
}

/** A service that runs. */
export interface Service<C> extends AsyncDisposable {
  /**
   * Goes on by a configuration that was read anew, after SIGHUP; says what of it needs a restart. A
   * service without it takes SIGHUP for the end of its terminal, and stops.
   */
  reload?: (config: C) => Promise<void>;
}
