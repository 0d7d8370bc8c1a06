import type { NetworkCommand, NetworkState } from "../../src/contract/system.ts";
import { get, send } from "../api.ts";

/** The fault proxy of the debug composition; without commands where there is none. */
export const networkApi = {
  state: (signal: AbortSignal) => get<NetworkState>("/network", {}, signal),
  command: (command: NetworkCommand) => send<NetworkState>("POST", "/network", { command }),
};
