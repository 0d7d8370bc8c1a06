import { commandAckIn, endsCommand } from "@weir/protocol";
import { z } from "zod";
import { fitsDevice, namePattern } from "../node/addressing.ts";
import { dataOfMessage, MESSAGE_NAMES } from "../node/heard.ts";
import { defineNode } from "../node/node.ts";

/** Ends of one device's commands that are remembered. */
const ENDED_MAX = 20;

const config = z.strictObject({
  command: z.string().min(1).max(64).optional().describe("only commands of this name"),
  devices: namePattern
    .optional()
    .describe("only devices of this name or topic; * stands for any text"),
});

/** By device: ids of the commands that have ended. */
const state = z.object({ ended: z.array(z.string()) });

/** A command to a device has ended, whoever sent it. */
export const commandResult = defineNode<z.infer<typeof config>, z.infer<typeof state>>({
  type: "command-result",
  group: "trigger",
  summary: "a command to a device is done, or has failed",
  config,
  state,
  begins: () => MESSAGE_NAMES,
  inputs: () => [],
  outputs: () => ["done", "failed"],
  create: ({ command, devices }) => {
    const isMeant = fitsDevice(devices);
    return {
      sources: [{ kind: "messages", filter: "+/+/command/ack" }],
      hear: (heard, step) => {
        if (heard.kind !== "messages" || !isMeant(heard)) return;
        const ack = commandAckIn(heard.payload);
        if (ack === null || (command !== undefined && ack.name !== command)) return;
        const { id, name, status, result = null, error = null } = ack;
        // A duplicate ends nothing: the first one of its id did.
        if (!endsCommand(status) || status === "duplicate") return;
        if (id !== null) {
          // MQTT may deliver an ack twice.
          const ended = step.state(heard.device)?.ended ?? [];
          if (ended.includes(id)) return;
          step.keep(heard.device, { ended: [id, ...ended].slice(0, ENDED_MAX) });
        }
        const output = status === "done" ? "done" : "failed";
        const added = { id, command: name, status, result, error };
        step.emit(output, dataOfMessage(heard, step.nowMs), added);
      },
    };
  },
});
