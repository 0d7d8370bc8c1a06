import { describe, expect, test } from "@jest/globals";
import { clientNamesOf, nameInClientId } from "../src/client-names.ts";

/** Whether a client's connections are shown with a device. */
const belongs = (deviceId: string, clientId: string): boolean =>
  clientNamesOf(deviceId).includes(nameInClientId(clientId));

describe("the device that a client is", () => {
  test.each([
    ["devices:devices/kitchen", "kitchen"],
    ["devices:losant/5f1e", "5f1e"],
    ["home:greenhouse", "greenhouse-a0b1c2d3e4f5"],
    ["home:tasmota_1A2B3C", "DVES_1A2B3C"],
    ["home:shellyplus1pm-a8032abe54dc/status", "shellyplus1pm-a8032abe54dc/status"],
    ["data:DATA", "DATA"],
  ])("%s has the client id %s", (device, clientId) => {
    expect(belongs(device, clientId)).toBe(true);
  });

  test.each([
    ["devices:devices/kitchen", "kitchen2"],
    ["devices:devices/kitchen", "Kitchen"],
    ["devices:devices/kitchen", "weir-logger"],
    ["devices:devices/", ""],
    ["home:zigbee2mqtt/Pantry", "Pantry"],
    ["home:greenhouse", "greenhouse-a0b1c2d3e4f"],
  ])("%s does not have the client id %s", (device, clientId) => {
    expect(belongs(device, clientId)).toBe(false);
  });
});
