import { readRecord } from "../reading/auto.ts";
import { recordOf } from "../reading/message.ts";
import type { Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";
import { addFrames, addReception, decodedFields } from "./lorawan.ts";

const TOPIC = /(?:^|\/)application\/[^/]+\/device\/([0-9a-f]{16})\/(event|command)\/([a-z]+)$/i;

type Fields = Readonly<Record<string, unknown>>;

/** The events of ChirpStack 4. */
export const chirpStack: Family = {
  name: "chirpstack",
  matches: (topic) => TOPIC.test(topic),
  read: (message, reading) => {
    const [, id = "", kind = "", type = ""] = TOPIC.exec(message.topic) ?? [];
    if (kind === "command") {
      reading.ignore("", "a command");
      return true;
    }
    const { object } = message;
    if (object === null) {
      reading.ignore("", "not JSON: set json = true in ChirpStack's [integration.mqtt]");
      return true;
    }
    // ChirpStack 3 has the same topics.
    const info = recordOf(object.deviceInfo);
    if (info === null) return false;
    const device = typeof info.deviceName === "string" ? info.deviceName : id;
    reading.takeTime(message, "time", object.time);
    if (type === "up") readUplink(reading, object, device);
    else if (type === "status") readStatus(reading, object, device);
    else reading.ignore("", `${type}: not a reading`);
    return true;
  },
};

function readUplink(reading: Reading, uplink: Fields, device: string): void {
  addFrames(reading, "fCnt", uplink.fCnt, device);
  const isLora = recordOf(recordOf(uplink.txInfo)?.modulation)?.lora !== undefined;
  addReception(reading, "rxInfo", uplink.rxInfo, { device, isLora });
  const object = recordOf(uplink.object);
  if (object === null) reading.ignore("object", "no codec, or no payload");
  else readRecord(reading, "object", object, 0, decodedFields(device));
}

/** A battery level of 0 is none: the device has other power, or cannot tell. */
function readStatus(reading: Reading, status: Fields, device: string): void {
  reading.addValue("margin", status.margin ?? 0, { unit: "dB", device });
  const isPowered = status.externalPowerSource === true;
  reading.addValue("externalPowerSource", isPowered, { device });
  if (isPowered || status.batteryLevelUnavailable === true) {
    reading.ignore("batteryLevel", "no value");
  } else reading.addValue("batteryLevel", status.batteryLevel, { unit: "%", device });
}
