import type { infer as Of } from "zod";
import type * as deletions from "../../src/contract/deletions.ts";
import type * as devices from "../../src/contract/devices.ts";
import { get, send } from "../api.ts";

const at = (id: string, rest: string): string => `/devices/${encodeURIComponent(id)}/${rest}`;

/** What the page of a device asks the server, beside what all pages ask. */
export const deviceApi = {
  log: (id: string, signal: AbortSignal) =>
    get<Of<typeof devices.deviceLog>>(at(id, "log"), {}, signal),
  connections: (id: string, signal: AbortSignal) =>
    get<Of<typeof devices.connections>>(at(id, "connections"), {}, signal),
  states: (id: string, signal: AbortSignal) =>
    get<Of<typeof devices.states>>(at(id, "states"), {}, signal),
  commands: (id: string, signal: AbortSignal) =>
    get<Of<typeof devices.deviceCommands>>(at(id, "commands"), {}, signal),
  command: (id: string, name: string, payload: unknown) =>
    send<devices.CommandLife>("POST", at(id, "commands"), {
      name,
      ...(payload === undefined ? {} : { payload }),
    }),

  deletions: (signal: AbortSignal) => get<Of<typeof deletions.deletions>>("/deletions", {}, signal),
  preview: (request: deletions.DeletionRequest) =>
    send<deletions.DeletionPreview>("POST", "/deletions/preview", request),
  delete: (request: deletions.DeletionRequest) =>
    send<deletions.Deletion>("POST", "/deletions", request),
  undo: (id: string) =>
    send<deletions.Deletion>("POST", `/deletions/${encodeURIComponent(id)}/undo`),
};
