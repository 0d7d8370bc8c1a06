import { startBroker } from "@weir/broker";
import {
  brokerSettings,
  type ProcessConfig,
  processConfig,
  processSettings,
  readSettings,
  runService,
} from "@weir/runtime";
import { OWN_BROKER_HOST } from "./config.ts";

const settings = { BROKER_PORT: brokerSettings.BROKER_PORT, ...processSettings };

// No monitoring expects the metrics of this broker, so its HTTP side takes any free port.
const ANY_PORT = 0;

await runService<{ process: ProcessConfig; port: number }>({
  name: "broker",
  summary: "an MQTT 3.1.1 broker in memory, for the suite without Docker.",
  settings,
  readConfig: (environment) => {
    const values = readSettings(settings, environment);
    return { process: processConfig(values, ANY_PORT), port: values.BROKER_PORT };
  },
  start: async ({ port }, { health, logger }) => {
    const check = health.check("broker");
    const broker = await startBroker({ host: OWN_BROKER_HOST, port });
    logger.info({ port: broker.port }, "listening");
    check.pass();
    return broker;
  },
});
