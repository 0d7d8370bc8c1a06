import type { infer as Of } from "zod";
import type * as system from "../../src/contract/system.ts";
import { get, send } from "../api.ts";

export type Network = Of<typeof system.networkState>;
export type NetworkCommand = Of<typeof system.networkRequest>["command"];

/** The fault proxy of the debug composition; 404 where there is none. */
export const networkApi = {
  state: (signal: AbortSignal) => get<Network>("/network", {}, signal),
  command: (command: NetworkCommand) => send<Network>("POST", "/network", { command }),
};
