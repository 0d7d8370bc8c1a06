import { pathOf } from "../reading/path.ts";
import type { About, Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";

const BRACE = 0x7b;
/** Text of a payload that becomes part of a path, in characters at most. */
const NAME_LENGTH_MAX = 64;

const METERS: About = { unit: "m" };
const DEGREES: About = { unit: "°" };
const SECONDS: About = { unit: "s" };
const VOLTS: About = { unit: "V" };
const PERCENT: About = { unit: "%" };

const LOCATION: ReadonlyMap<string, About> = new Map<string, About>([
  ["lat", DEGREES],
  ["lon", DEGREES],
  ["acc", METERS],
  ["alt", METERS],
  ["vac", METERS],
  ["rad", METERS],
  ["cog", DEGREES],
  ["vel", { unit: "km/h" }],
  ["p", { unit: "kPa" }],
  ["batt", PERCENT],
  ["bs", {}],
  ["m", {}],
  // Of trackers by Queclink.
  ["odometer", { unit: "km", kind: "counter" }],
  ["hmc", { unit: "s", kind: "counter" }],
  ["ubatt", VOLTS],
  ["uext", VOLTS],
  ["aiv", VOLTS],
  ["don", SECONDS],
  ["doff", SECONDS],
  ["rpm", { unit: "rpm" }],
  ["fcon", { unit: "L/100km" }],
  ["flvl", PERCENT],
  ["ign", {}],
  ["motion", {}],
  ["tow", {}],
  ["din1", {}],
  ["din2", {}],
  ["dout1", {}],
  ["dout2", {}],
]);

const BEACON: ReadonlyMap<string, About> = new Map<string, About>([
  ["acc", METERS],
  ["rssi", { unit: "dBm" }],
]);

type Message = Readonly<Record<string, unknown>>;

/** Other types hold settings, commands, pictures, or what is encrypted. */
const READERS: ReadonlyMap<string, (reading: Reading, message: Message, device: string) => void> =
  new Map([
    ["location", (reading, message, device) => addFields(reading, "", message, LOCATION, device)],
    ["transition", readTransition],
    ["beacon", readBeacon],
    ["steps", readSteps],
  ]);
const OTHER_TYPES = new Set(
  "lwt waypoint waypoints configuration cmd card encrypted request status dump".split(" "),
);

/** OwnTracks: places of telephones, on whichever topic. */
export const ownTracks: Family = {
  name: "owntracks",
  matches: () => true,
  read: (message, reading) => {
    if (message.payload[0] !== BRACE) return false;
    const { object } = message;
    const type = object?._type;
    if (object === null || typeof type !== "string") return false;
    const read = READERS.get(type);
    if (read === undefined) {
      if (!OTHER_TYPES.has(type)) return false;
      reading.ignore("", `${type}: not a reading`);
      return true;
    }
    reading.takeTime(message, "tst", object.tst);
    read(reading, object, deviceOf(message.topic));
    return true;
  },
};

/** `jane/phone` of `owntracks/jane/phone/event`. */
function deviceOf(topic: string): string {
  const levels = topic.split("/");
  return (levels[0] === "owntracks" ? levels.slice(1, 3) : levels).join("/");
}

function addFields(
  reading: Reading,
  parent: string,
  message: Message,
  fields: ReadonlyMap<string, About>,
  device: string,
): void {
  for (const [field, about] of fields) {
    if (!Object.hasOwn(message, field)) continue;
    reading.addValue(pathOf(parent, field), message[field], { device, ...about });
  }
}

/** Inside a region or not, for each region. The place is that of the region's border. */
function readTransition(reading: Reading, message: Message, device: string): void {
  const { event, desc } = message;
  if ((event !== "enter" && event !== "leave") || typeof desc !== "string") {
    reading.ignore("event", "not a transition of a region with a name");
    return;
  }
  const path = pathOf("regions", desc.slice(0, NAME_LENGTH_MAX));
  reading.add(path, event === "enter" ? 1 : 0, "state");
  reading.describe(path, { device });
}

/** Many beacons share a topic. */
function readBeacon(reading: Reading, message: Message, device: string): void {
  const { desc, uuid, major, minor } = message;
  const name = typeof desc === "string" && desc !== "" ? desc : `${uuid}:${major}:${minor}`;
  addFields(reading, pathOf("beacons", name.slice(0, NAME_LENGTH_MAX)), message, BEACON, device);
}

/** The steps of a span of time; below 0 where the telephone cannot count them. */
function readSteps(reading: Reading, message: Message, device: string): void {
  const { steps } = message;
  if (typeof steps === "number" && steps < 0) reading.ignore("steps", "no value");
  else reading.addValue("steps", steps, { device });
}
