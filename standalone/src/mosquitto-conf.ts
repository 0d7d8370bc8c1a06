import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OWN_BROKER_HOST } from "./config.ts";

/** Where a Mosquitto of `npm start` listens, and what it keeps. */
export interface MosquittoPlace {
  port: number;
  /** The absolute path of its folder. */
  folder: string;
  /** The plugin that keeps sessions in SQLite; `null` where there is none, as before Mosquitto 2.1. */
  plugin: string | null;
}

const COMPOSE = new URL("../../mosquitto/mosquitto.conf", import.meta.url);

/** Without the plugin: everything is written at each change, and a kill loses what came after. */
const WITHOUT_PLUGIN = ["persistence true", "autosave_on_changes true", "autosave_interval 1"];

/**
 * A configuration with the limits of Compose's, for a Mosquitto without a container.
 *
 * @param compose the text of mosquitto/mosquitto.conf.
 */
export function mosquittoConf(compose: string, place: MosquittoPlace): string {
  const { port, folder, plugin } = place;
  const lines = compose.split("\n").flatMap((line) => {
    const [name = ""] = line.split(" ");
    if (name === "" || name === "#") return [];
    if (name === "listener") return `listener ${port} ${OWN_BROKER_HOST}`;
    if (name === "plugin") return plugin === null ? WITHOUT_PLUGIN : `plugin ${plugin}`;
    if (name.startsWith("plugin_opt_")) return plugin === null ? [] : line;
    if (name === "persistence_location") return `persistence_location ${folder}/`;
    return name === "log_dest" ? [] : line;
  });
  // To this program's log, and to the topics on which it says why connections end.
  lines.push("log_dest stderr", "log_dest topic");
  // Started by root it would become the user mosquitto, who cannot write here. Of other users it ignores this.
  lines.push("user root");
  return `${lines.join("\n")}\n`;
}

/** Writes the configuration into the folder, and returns its path. */
export function writeMosquittoConf(place: MosquittoPlace): string {
  const file = join(place.folder, "mosquitto.conf");
  writeFileSync(file, mosquittoConf(readFileSync(COMPOSE, "utf8"), place));
  return file;
}
