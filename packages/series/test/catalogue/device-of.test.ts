import { describe, expect, test } from "@jest/globals";
import { deviceOf, parseSeries } from "@weir/series";

/** @param name `topic#path` on the stream home. @param device what the catalogue names. */
function deviceOfName(name: string, device: string | null) {
  const { topic, path } = parseSeries(name, []);
  return deviceOf({ stream: "home", topic, path, device });
}

describe("the device that the catalogue names", () => {
  test.each([
    ["zigbee2mqtt/Pantry#battery", "Pantry", "zigbee2mqtt/Pantry"],
    ["zigbee2mqtt/Porch/availability", "Porch", "zigbee2mqtt/Porch"],
    [
      "zigbee2mqtt/ground floor/Pantry/temperature",
      "ground floor/Pantry",
      "zigbee2mqtt/ground floor/Pantry",
    ],
    ["attic/zb/All lamps#state", "All lamps", "All lamps"],
    ["tele/washer/SENSOR#ENERGY.Total", "washer", "washer"],
    ["stat/washer/POWER", "washer", "washer"],
    ["tele/dryer/SENSOR#ENERGY.Power", "Dryer", "Dryer"],
    ["shellies/shelly1pm-00AA11/relay/0/power", "shelly1pm-00AA11", "shellies/shelly1pm-00AA11"],
    ["home/hall#cloud.connected", "home/hall", "home/hall"],
    ["homie/attic-sensor/climate/humidity", "attic-sensor", "homie/attic-sensor"],
    ["homie/5/boiler-7/flow/level", "boiler-7", "homie/boiler-7"],
    ["home/gateway/BTtoMQTT/02AABBCCDD01#rssi", "02AABBCCDD01", "02AABBCCDD01"],
    ["rtl_433/attic/events/Acme-TH/7#humidity", "Acme-TH/7", "rtl_433/Acme-TH/7"],
    ["rtl_433/attic/devices/Acme-TH/7/humidity", "Acme-TH/7", "rtl_433/Acme-TH/7"],
    ["greenhouse/sensor/air_temperature/state", "Greenhouse", "Greenhouse"],
    ["v1/gateway/telemetry#Boiler 1.in", "Boiler 1", "Boiler 1"],
  ])("of %s is %s", (series, device, id) => {
    expect(deviceOfName(series, device)).toEqual({ id: `home:${id}`, name: device });
  });

  test("gives Weir's own devices a name, and leaves their id", () => {
    const known = deviceOfName("devices/kitchen/state#cpu", "Pi in the kitchen");
    expect(known).toEqual({ id: "home:devices/kitchen", name: "Pi in the kitchen" });
  });
});

describe("without a name in the catalogue, the device", () => {
  test.each([
    // Zigbee2MQTT, before its bridge was heard.
    ["zigbee2mqtt/Pantry#battery", "zigbee2mqtt/Pantry", "Pantry"],
    ["zigbee2mqtt/Pantry/availability#state", "zigbee2mqtt/Pantry", "Pantry"],
    ["attic/zb/Window#contact", "attic/zb/Window", "attic/zb/Window"],
    // Tasmota.
    ["tele/washer/SENSOR#ENERGY.Total", "washer", "washer"],
    ["tele/washer/STATE#UptimeSec", "washer", "washer"],
    ["stat/washer/POWER", "washer", "washer"],
    ["stat/washer/RESULT#POWER1", "washer", "washer"],
    ["tele/washer/LWT", "washer", "washer"],
    // Shelly.
    ["shellies/homemade/data#t", "shellies/homemade", "homemade"],
    ["shellypro4/online", "shellypro4", "shellypro4"],
    // ESPHome: all parts of a node.
    ["greenhouse/sensor/air_temperature/state", "greenhouse", "greenhouse"],
    ["greenhouse/light/strip/state#brightness", "greenhouse", "greenhouse"],
    ["greenhouse/cover/roof/position/state", "greenhouse", "greenhouse"],
    ["greenhouse/status", "greenhouse", "greenhouse"],
    ["esphome/shed/sensor/humidity/state", "esphome/shed", "shed"],
    // Homie.
    ["homie/attic-sensor/climate/temperature", "homie/attic-sensor", "attic-sensor"],
    ["homie/5/boiler-7/flow/details#pumps[0]", "homie/boiler-7", "boiler-7"],
    // OpenMQTTGateway.
    ["home/gateway/SYStoMQTT#uptime", "home/gateway", "home/gateway"],
    ["home/gateway/LWT", "home/gateway", "home/gateway"],
    ["home/gateway/LORAtoMQTT/pond#rssi", "home/gateway/LORAtoMQTT/pond", "pond"],
    ["rtl_433/attic/availability", "rtl_433/attic", "attic"],
    // Statestream of Home Assistant: each entity by itself.
    ["homeassistant/sensor/hall/state", "homeassistant/sensor/hall", "sensor/hall"],
    ["homeassistant/sensor/hall/attributes#min", "homeassistant/sensor/hall", "sensor/hall"],
    // Weir's own, and Losant's.
    ["devices/kitchen/state#drive-space-used", "devices/kitchen", "kitchen"],
    ["devices/kitchen/log/info#code", "devices/kitchen", "kitchen"],
    ["devices/kitchen/command/ack#seconds", "devices/kitchen", "kitchen"],
    ["devices/kitchen/availability", "devices/kitchen", "kitchen"],
    ["losant/pump/state#flow rate", "losant/pump", "pump"],
    // Anything else.
    ["DATA#number", "DATA", "DATA"],
    ["DATA", "DATA", "DATA"],
    ["home/kitchen/temperature", "home/kitchen", "home/kitchen"],
    ["home/kitchen/sensor/temperature", "home/kitchen", "home/kitchen"],
    ["home/boiler#flow.in", "home/boiler", "home/boiler"],
    ["garage/sensors#t", "garage", "garage"],
    ["sensors/temperature", "sensors", "sensors"],
    ["state", "state", "state"],
    ["/attic/state#t", "/attic", "/attic"],
  ])("of %s is %s", (series, id, name) => {
    expect(deviceOfName(series, null)).toEqual({ id: `home:${id}`, name });
  });

  test("differs from that of another stream with the same topic", () => {
    const { id } = deviceOf({ stream: "attic", topic: "plug", path: "power", device: null });
    expect(id).toBe("attic:plug");
  });
});
