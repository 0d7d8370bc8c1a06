import { deviceAddress, seriesAddress } from "../addresses.ts";

/** What a run or an alert is about, for people, and where it is shown; what is no device or series has no address. */
export interface AboutWords {
  words: string;
  address: string | null;
}

/** @param key a device's id `stream:root`, a series `stream:topic#path`, or any other word */
export function aboutWords(key: string): AboutWords {
  const parts = /^([^:/#]+):([^#]+)(#(.*))?$/s.exec(key);
  if (parts === null) return { words: key, address: null };
  const [, , topic = "", hash, path = ""] = parts;
  if (hash === undefined) return { words: topic, address: deviceAddress(key) };
  return { words: path === "" ? topic : `${topic} ${path}`, address: seriesAddress([key]) };
}
