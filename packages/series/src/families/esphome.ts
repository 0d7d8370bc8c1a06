import type { Family } from "./family.ts";

const COMPONENTS =
  "alarm_control_panel|button|climate|cover|date|datetime|fan|humidifier|light|lock|number|select|switch|text|time|update|valve";
const COMMAND = new RegExp(`/(?:${COMPONENTS})/[^/]+/(?:[a-z_]+/)?command$`);
/** Words of which only "off" looks like a state: "heat" and "cool" would be missing. */
const MODE = /\/climate\/[^/]+\/(?:mode|action|fan_mode|swing_mode|preset)\/state$/;
/** A date or a time as JSON: its year and its hour are no measurements. */
const DATE = /\/(?:date|datetime|time)\/[^/]+\/state$/;

/** What of ESPHome's messages is no reading. `auto` reads the others; discovery brings names and units. */
export const esphome: Family = {
  name: "esphome",
  matches: (topic) => COMMAND.test(topic) || MODE.test(topic) || DATE.test(topic),
  read: ({ topic, object }, reading) => {
    if (COMMAND.test(topic)) reading.ignore("", "a command");
    else if (MODE.test(topic)) reading.ignore("", "a mode");
    else if (object?.year === undefined && object?.hour === undefined) return false;
    else reading.ignore("", "a date or a time");
    return true;
  },
};
