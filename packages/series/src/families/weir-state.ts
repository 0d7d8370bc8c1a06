import { readRecord } from "../reading/auto.ts";
import { recordOf } from "../reading/message.ts";
import type { Family } from "./family.ts";

const STATE = "/state";

/** The states of Weir's device agent and of Losant's programs: `{"data":{"temperature":21.5},"time":…}`. */
export const weirState: Family = {
  name: "weir-state",
  matches: (topic) => topic.endsWith(STATE),
  read: (message, reading) => {
    const { object } = message;
    const data = recordOf(object?.data);
    if (object === null || data === null) return false;
    reading.takeTime(message, "time", object.time);
    readRecord(reading, "", data, 1);
    return true;
  },
};
