import { alert } from "./alert.ts";
import { command } from "./command.ts";
import { debug } from "./debug.ts";
import { email } from "./email.ts";
import type { NodeType } from "./node.ts";
import { ntfy } from "./ntfy.ts";
import { press } from "./press.ts";
import { publish } from "./publish.ts";
import { series } from "./series.ts";
import { store } from "./store.ts";
import { threshold } from "./threshold.ts";
import { webhook } from "./webhook.ts";

/** Every type of node, by its name in files. */
export const NODES: ReadonlyMap<string, NodeType> = new Map(
  [alert, command, debug, email, ntfy, press, publish, series, store, threshold, webhook].map(
    (type) => [type.type, type],
  ),
);
