import {
  brokerSettings,
  type ProcessConfig,
  processConfig,
  processSettings,
  readSettings,
  runService,
} from "@weir/runtime";
import { startMosquitto } from "./mosquitto-part.ts";

const settings = { BROKER_PORT: brokerSettings.BROKER_PORT, ...processSettings };
const ANY_PORT = 0;
const [program = "", folder = "", plugin = ""] = process.argv.slice(2);

await runService<{ process: ProcessConfig; port: number }>(
  {
    name: "broker",
    summary: "a Mosquitto of this machine, for the suite without Docker.",
    settings,
    readConfig: (environment) => {
      const values = readSettings(settings, environment);
      return { process: processConfig(values, ANY_PORT), port: values.BROKER_PORT };
    },
    start: ({ port }, context) =>
      startMosquitto({ program, folder, plugin: plugin || null, port }, context),
  },
  [],
);
