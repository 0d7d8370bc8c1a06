import type { ProcessConfig } from "@weir/config";
import { errorMessage, Fault } from "@weir/fault";
import { configure } from "./configure.ts";
import type { Service, ServiceContext, ServiceDefinition } from "./service.ts";

/**
 * What to do on SIGHUP: read the configuration anew and hand it to the service, one time after the
 * other. One that is wrong is reported, and the service goes on as it was.
 *
 * @returns `null` for a service that cannot reload.
 */
export function reloader<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
  service: Service<C>,
  { logger, fail }: Pick<ServiceContext, "logger" | "fail">,
): (() => void) | null {
  const { reload } = service;
  if (reload === undefined) return null;
  let last: Promise<void> = Promise.resolve();

  async function reloadOnce(): Promise<void> {
    const config = configure(definition);
    if (config === "help") return;
    try {
      if (config instanceof Fault) throw config;
      await reload?.(config);
      logger.info("reloaded the configuration");
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { remedy } = error;
      logger.error({ remedy }, `not reloaded, going on as before: ${errorMessage(error)}`);
    }
  }

  return () => {
    last = last.then(reloadOnce);
    last.catch(fail);
  };
}
