import type { About } from "../reading/reading.ts";
import type { Family } from "./family.ts";

/** N for a notification, R for a request to read, W for one to write; the id of the portal; service, instance, path. */
const TOPIC = /(?:^|\/)([NRW])\/[0-9a-f]{12}\/(.*)$/;
const VALUE = /^([a-z]\w*)\/(\d+)\/(.+)$/;

const VOLTAGE: About = { unit: "V" };
const CURRENT: About = { unit: "A" };
const POWER: About = { unit: "W" };
const ENERGY: About = { unit: "kWh", kind: "counter" };
const CELSIUS: About = { unit: "°C" };
const PERCENT: About = { unit: "%" };
const SECONDS: About = { unit: "s" };
const AMPERE_HOURS: About = { unit: "Ah" };

/** By the last level of the path. */
const FIELDS: ReadonlyMap<string, About> = new Map<string, About>([
  ["V", VOLTAGE],
  ["Voltage", VOLTAGE],
  ["I", CURRENT],
  ["Current", CURRENT],
  ["CurrentLimit", CURRENT],
  ["P", POWER],
  ["Power", POWER],
  ["F", { unit: "Hz" }],
  ["Frequency", { unit: "Hz" }],
  ["Forward", ENERGY],
  ["Reverse", ENERGY],
  ["User", ENERGY],
  ["System", ENERGY],
  ["ChargedEnergy", ENERGY],
  ["DischargedEnergy", ENERGY],
  ["Soc", PERCENT],
  ["Soh", PERCENT],
  ["Level", PERCENT],
  ["Humidity", PERCENT],
  ["MidVoltageDeviation", PERCENT],
  ["Capacity", AMPERE_HOURS],
  ["ConsumedAmphours", AMPERE_HOURS],
  ["TimeToGo", SECONDS],
  ["OperatingHours", { unit: "s", kind: "counter" }],
  ["Pressure", { unit: "hPa" }],
  ["Irradiance", { unit: "W/m²" }],
  ["WindSpeed", { unit: "m/s" }],
  ["CO2", { unit: "ppm" }],
  ["Luminosity", { unit: "lx" }],
  ["Remaining", { unit: "m³" }],
  ["Latitude", { unit: "°" }],
  ["Longitude", { unit: "°" }],
  ["Course", { unit: "°" }],
  ["Altitude", { unit: "m" }],
]);
/** Where a last level means something else: the service and the end of the path. */
const EXCEPTIONS: readonly (readonly [RegExp, About])[] = [
  [/^tank\/\d+\/Capacity$/, { unit: "m³" }],
  [/^gps\/\d+\/Speed$/, { unit: "m/s" }],
  [/^pvinverter\/\d+\/Ac\/MaxPower$/, POWER],
  [/\/Yield\/Power$/, POWER],
  [/\/History\/Daily\/\d+\/Yield$/, { unit: "kWh" }],
  [/\/(?:InverterToAcOut|AcIn\dToAcOut|AcIn\dToInverter|OutToInverter|SolarTo\w+)$/, ENERGY],
  [/Temperature$/, CELSIUS],
  [/Voltage$/, VOLTAGE],
  [/Current$/, CURRENT],
  [/Power$/, POWER],
];

/** The notifications of Victron's Venus OS: a topic for each value, `{"value":936}`. */
export const victron: Family = {
  name: "victron",
  matches: (topic) => TOPIC.test(topic),
  read: (message, reading) => {
    const [, type = "", rest = ""] = TOPIC.exec(message.topic) ?? [];
    if (type !== "N") {
      reading.ignore("", "a request");
      return true;
    }
    const { object } = message;
    if (object === null || !("value" in object)) return false;
    const [, service = "", instance = ""] = VALUE.exec(rest) ?? [];
    const { value } = object;
    if (service === "") reading.ignore("value", "about the broker");
    else if (service === "settings") reading.ignore("value", "a setting");
    // Numbers are numbers on the D-Bus: text of digits is a serial number, or a name.
    else if (typeof value !== "number")
      reading.ignore("value", value === null ? "no value" : "not a number");
    else reading.addValue("value", value, aboutOf(rest, `${service}/${instance}`));
    return true;
  },
};

function aboutOf(path: string, device: string): About {
  const known =
    EXCEPTIONS.find(([pattern]) => pattern.test(path))?.[1] ??
    FIELDS.get(path.slice(path.lastIndexOf("/") + 1));
  return { device, ...known };
}
