import { z } from "zod";
import { fitsDevice, namePattern } from "../node/addressing.ts";
import { defineNode } from "../node/node.ts";

const config = z.strictObject({
  devices: namePattern
    .optional()
    .describe("only devices of this name or topic; * stands for any text"),
});

const state = z.object({
  is: z.enum(["connected", "disconnected"]),
  by: z.enum(["birth and will", "broker's log"]),
});
type State = z.infer<typeof state>;

/** A device connects or disconnects: each change once. */
export const device = defineNode<z.infer<typeof config>, State>({
  type: "device",
  group: "trigger",
  summary: "a device connects or disconnects",
  config,
  state,
  begins: () => ["key", "device", "deviceName", "event", "reason", "timeMs"],
  inputs: () => [],
  outputs: () => ["connected", "disconnected"],
  create: ({ devices }) => {
    const isMeant = fitsDevice(devices);
    return {
      sources: [{ kind: "connections" }],
      hear: (heard, step) => {
        if (heard.kind !== "connections" || !isMeant(heard)) return;
        const { device: key, deviceName, event, reason, by, isCopy } = heard;
        const known = step.state(key);
        // The log of the same connection comes at another moment, and may say something else.
        if (known?.by === "birth and will" && by === "broker's log") return;
        if (known?.is === event && known.by === by) return;
        step.keep(key, { is: event, by });
        const isNews = known === undefined ? !isCopy : known.is !== event;
        if (!isNews) return;
        step.emit(event, { key, device: key, deviceName, event, reason, timeMs: step.nowMs });
      },
    };
  },
});
