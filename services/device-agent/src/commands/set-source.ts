import { z } from "zod";
import type { DeviceCommand } from "./command.ts";

const NAMES_MAX = 100;
const words = 'it must be the name of a source, or a list of names: "walk", ["walk", "disk"]';

const names = z
  .union([z.string().max(1_000), z.array(z.string().max(64)).max(NAMES_MAX)], words)
  .describe('The name of a source, or a list of names: "walk", "walk, disk", ["walk", "disk"].')
  .transform((given) => {
    const list = typeof given === "string" ? given.split(",") : given;
    return [...new Set(list.map((name) => name.trim()))];
  });

export const command: DeviceCommand<string[]> = {
  name: "set_source",
  summary: "Reports these sources from now on, and no others.",
  payload: names,
  run: async (payload, { device }) => {
    device.setActiveSources(payload);
    const active = device.sources().filter(({ isActive }) => isActive);
    return { active: active.map(({ name }) => name) };
  },
};
