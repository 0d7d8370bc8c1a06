import type { Bench, Contender, Figures } from "../case.ts";
import { profileOptions } from "../profile.ts";
import { mosquittoSub } from "../subjects/mosquitto-sub.ts";
import { mqttJs } from "../subjects/mqttjs.ts";
import { nodeRed } from "../subjects/node-red.ts";
import { python } from "../subjects/python.ts";
import type { Subject } from "../subjects/subject.ts";
import { type WeirOptions, weir } from "../subjects/weir.ts";

/** The subjects of a run by their part in it. */
export interface Subjects {
  weir: Subject;
  /** The logger with MQTT.js as its way in. */
  weirOnMqttJs: Subject;
  /** The logger with settings of its own. */
  weirWith(options: Pick<WeirOptions, "name" | "environment" | "configuration">): Subject;
  mosquittoSub: Subject;
  python: Subject;
  nodeRed: Subject;
  mqttJs: Subject;
}

export function createSubjects(options: {
  program: string;
  profileFolder: string | null;
  cacheFolder: string;
}): Subjects {
  const { program, profileFolder, cacheFolder } = options;
  const nodeOptions = profileOptions(profileFolder);
  const weirWith: Subjects["weirWith"] = (own) => weir({ program, nodeOptions, ...own });
  return {
    weir: weirWith({ name: "Weir" }),
    weirOnMqttJs: weirWith({
      name: "Weir on MQTT.js",
      environment: { LOGGER_TRANSPORT: "mqttjs" },
    }),
    weirWith,
    mosquittoSub,
    python,
    nodeRed: nodeRed(cacheFolder),
    mqttJs,
  };
}

/** Lets a subject take part in a case. */
export function contender(
  subject: Subject,
  measure: (bench: Bench, subject: Subject) => Promise<Figures>,
): Contender {
  const { name, obstacle } = subject;
  return { name, obstacle, measure: (bench) => measure(bench, subject) };
}
