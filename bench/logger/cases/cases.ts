import type { Case } from "../case.ts";
import type { Options } from "../options.ts";
import { profileOptions } from "../profile.ts";
import { mosquittoSub } from "../subjects/mosquitto-sub.ts";
import { weir } from "../subjects/weir.ts";
import { ceiling } from "./ceiling.ts";
import type { Subjects } from "./contenders.ts";
import { saturation } from "./saturation.ts";

/** All cases, in the order of the table. With a folder for profiles, Weir runs alone and is profiled. */
export function casesFor({ program }: Options, profileFolder: string | null): Case[] {
  const nodeOptions = profileOptions(profileFolder);
  const subjects: Subjects = {
    weir: weir({ name: "Weir", program, nodeOptions }),
    weirOnMqttJs: weir({
      name: "Weir on MQTT.js",
      program,
      environment: { LOGGER_TRANSPORT: "mqttjs" },
    }),
    mosquittoSub,
  };
  const cases = [saturation(subjects), ceiling(subjects)];
  return profileFolder === null ? cases : cases.map(onlyWeir);
}

function onlyWeir(one: Case): Case {
  return { ...one, contenders: one.contenders.slice(0, 1), claims: [] };
}
