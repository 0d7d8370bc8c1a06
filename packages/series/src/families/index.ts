import { cbor, messagePack } from "./binary.ts";
import { chirpStack } from "./chirpstack.ts";
import { esphome } from "./esphome.ts";
import type { Family } from "./family.ts";
import { homeAssistant } from "./home-assistant.ts";
import { homie } from "./homie.ts";
import { influx } from "./influx.ts";
import { openMqttGateway } from "./openmqttgateway.ts";
import { ownTracks } from "./owntracks.ts";
import { rtl433 } from "./rtl-433.ts";
import { ruuvi } from "./ruuvi.ts";
import { senMl } from "./senml.ts";
import { shellyGen1 } from "./shelly-gen1.ts";
import { shellyGen2 } from "./shelly-gen2.ts";
import { sparkplug } from "./sparkplug.ts";
import { tasmota } from "./tasmota.ts";
import { theThingsStack } from "./the-things-stack.ts";
import { thingsBoard } from "./thingsboard.ts";
import { victron } from "./victron.ts";
import { weirState } from "./weir-state.ts";
import { zigbee2mqtt } from "./zigbee2mqtt.ts";

/** Every family, in order: the first that reads a message wins. What none of them reads is read by `auto`. */
export const FAMILIES: readonly Family[] = [
  homeAssistant,
  zigbee2mqtt,
  weirState,
  sparkplug,
  homie,
  tasmota,
  shellyGen2,
  shellyGen1,
  rtl433,
  esphome,
  openMqttGateway,
  victron,
  theThingsStack,
  chirpStack,
  thingsBoard,
  ruuvi,
  ownTracks,
  influx,
  senMl,
  cbor,
  messagePack,
];

/**
 * Whether a message of this topic is read whichever series are asked for: it may change how others are read, or have
 * series of another topic.
 */
export function concernsOtherTopics(topic: string): boolean {
  return FAMILIES.some(
    ({ matches, hasOwnTopics, concernsOthers }) =>
      (hasOwnTopics === true && matches(topic)) || concernsOthers?.(topic) === true,
  );
}
