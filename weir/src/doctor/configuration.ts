import { ConfigurationFault } from "@weir/runtime";
import { readServices } from "@weir/standalone/settings";
import { configWarnings } from "../config-warnings.ts";
import { type Check, type Finding, look, ok, wrong } from "./check.ts";

const REMEDY = "Correct it in .env, in the environment or in the file that is named.";
const WARNING_REMEDY = "Correct it, if it is not meant; weir config check shows what is in effect.";

/** The settings of every service, and weir.yaml. */
export const configuration: Check = {
  name: "configuration",
  look: async (scene): Promise<Finding[]> => {
    try {
      const { environment } = scene;
      const config = readServices(environment);
      const { streams, file } = config.streams;
      const warnings = await configWarnings(environment, config);
      return [
        ok(`${file ?? "no weir.yaml, so the defaults"}: ${streams.length} streams`),
        ...warnings.map((warning) => look(warning, WARNING_REMEDY)),
      ];
    } catch (error) {
      if (!(error instanceof ConfigurationFault)) throw error;
      return error.problems.map((problem) => wrong(problem, REMEDY));
    }
  },
};
