import type { AlertQuery, Alerts } from "@weir/flows/contract";
import { get, send } from "../api.ts";

/** What pages ask of alerts. The newest come first. */
export const alertsApi = {
  alerts: (query: Partial<AlertQuery>, signal: AbortSignal) =>
    get<Alerts>("/alerts", query, signal),
  acknowledge: (id: number) => send<unknown>("POST", `/alerts/${id}/acknowledge`),
  clear: (id: number) => send<unknown>("POST", `/alerts/${id}/clear`),
};
