import { readRecord } from "../reading/auto.ts";
import { recordOf } from "../reading/message.ts";
import type { Family } from "./family.ts";

const STATE = "/state";
const ABOUT_COMMANDS = /\/command(?:\/ack)?$/;
const LOG = /\/log\/(?:info|warn|error)$/;
/** All that a command or an ack may hold, Losant's `time` included. */
const COMMAND_KEYS: ReadonlySet<string> = new Set([
  ...["id", "name", "payload", "issuedAt", "expiresAt", "time"],
  ...["status", "at", "result", "error"],
]);
const LOG_KEYS: ReadonlySet<string> = new Set(["time", "message"]);

/**
 * The states of Weir's device agent and of Losant's programs: `{"data":{"temperature":21.5},"time":…}`. Their commands,
 * acks and logs have no series.
 */
export const weirState: Family = {
  name: "weir-state",
  matches: (topic) => topic.endsWith(STATE) || ABOUT_COMMANDS.test(topic) || LOG.test(topic),
  read: (message, reading) => {
    const { object, topic } = message;
    if (object === null) return false;
    if (!topic.endsWith(STATE)) {
      const isLog = LOG.test(topic);
      const text = isLog ? object.message : object.name;
      const keys = isLog ? LOG_KEYS : COMMAND_KEYS;
      // An ack of what could not be read has no name.
      const isNamed = typeof text === "string" || (text === null && "status" in object);
      if (!isNamed || !Object.keys(object).every((key) => keys.has(key))) return false;
      reading.ignore("", isLog ? "a log line" : "a command");
      return true;
    }
    const data = recordOf(object.data);
    if (data === null) return false;
    reading.takeTime(message, "time", object.time);
    readRecord(reading, "", data, 1);
    return true;
  },
};
