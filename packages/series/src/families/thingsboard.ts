import { readRecord } from "../reading/auto.ts";
import { type Message, recordOf } from "../reading/message.ts";
import { type Path, pathOf } from "../reading/path.ts";
import type { Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";

const TELEMETRY = /^(?:v1\/devices\/me\/telemetry|v2\/t(?:\/j)?)$/;
const GATEWAY = "v1/gateway/telemetry";
const OTHERS =
  /^(?:v1\/devices\/me\/(?:attributes|rpc|claim)|v1\/gateway\/(?:attributes|connect|disconnect|rpc|claim)|v2\/[ar]|v2\/fw)(?:\/|$)/;

/** Messages of devices and gateways as ThingsBoard takes them: values with a time, or many of these. */
export const thingsBoard: Family = {
  name: "thingsboard",
  matches: (topic) => topic === GATEWAY || TELEMETRY.test(topic) || OTHERS.test(topic),
  read: (message, reading) => {
    const { topic, json } = message;
    if (OTHERS.test(topic)) {
      reading.ignore("", "an attribute, a request or a response");
      return true;
    }
    if (typeof json !== "object" || json === null) return false;
    if (topic !== GATEWAY) {
      readTelemetry(message, reading, "", json);
      return true;
    }
    const devices = recordOf(json);
    if (devices === null) return false;
    for (const device in devices) {
      readTelemetry(message, reading, pathOf("", device), devices[device], device);
    }
    return true;
  },
};

function readTelemetry(
  message: Message,
  reading: Reading,
  parent: Path,
  telemetry: unknown,
  device?: string,
): void {
  for (const item of Array.isArray(telemetry) ? telemetry : [telemetry]) {
    const record = recordOf(item);
    const values = recordOf(record?.values);
    if (record === null) reading.ignore(parent, "not an object");
    else {
      // Values without a time may stand for themselves.
      reading.takeTimeOfPart(message, "ts", values === null ? undefined : record.ts);
      readRecord(reading, parent, values ?? record, 1, () =>
        device === undefined ? undefined : { device },
      );
    }
  }
}
