import type { StatsFs } from "node:fs";
import { statfs } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import type { Attribute, Sample, SourceKind } from "./source.ts";

/** A gigabyte of SI, which is what makers of disks and Home Assistant call GB. `df -BGB` shows the same. */
const BYTES_PER_GB = 1e9;

const STEM_RULE = "it must be 1 to 56 letters, digits, dots, underscores or hyphens";

const options = z.strictObject({
  mount: z
    .string("it must be a path")
    .min(1, "a path has at least one character")
    .default("/")
    .describe("A path on the disk. A relative one starts at the folder of agent.yaml."),
  attribute: z
    .string(STEM_RULE)
    .regex(/^[A-Za-z0-9._-]{1,56}$/, STEM_RULE)
    .default("drive-space")
    .describe("What its attributes begin with: drive-space-used. Each disk needs its own."),
});

/** How full a disk is, as `df` reports it. */
export const source: SourceKind<z.infer<typeof options>> = {
  name: "space_usage",
  summary: "How much of a disk is used and free, in GB of 10^9 bytes and in percent.",
  options,

  open: ({ mount, attribute: stem }, { base }) => {
    const path = resolve(base, mount);
    return {
      attributes: attributesOf(stem),
      read: async (signal) => {
        signal.throwIfAborted();
        const stats = await statfs(path);
        signal.throwIfAborted();
        return sampleOf(stats, stem);
      },
      [Symbol.dispose]: () => {},
    };
  },
};

/** As `df` counts: blocks reserved for root are neither used nor free. */
function sampleOf({ blocks, bfree, bavail, frsize }: StatsFs, stem: string): Sample {
  const used = blocks - bfree;
  const usable = used + bavail;
  return {
    [`${stem}-used`]: gigabytes(used * frsize),
    [`${stem}-free`]: gigabytes(bavail * frsize),
    // A file system without blocks (/proc) has no percentage.
    ...(usable === 0 ? {} : { [`${stem}-percent`]: Number(((100 * used) / usable).toFixed(1)) }),
  };
}

function gigabytes(bytes: number): number {
  return Number((bytes / BYTES_PER_GB).toFixed(3));
}

function attributesOf(stem: string): Attribute[] {
  const words = stem.replaceAll(/[._-]+/g, " ").trim();
  const name = words.charAt(0).toUpperCase() + words.slice(1);
  const space = {
    unit: "GB",
    range: { min: 0, max: null },
    decimals: 3,
    deviceClass: "data_size",
  };
  return [
    { name: `${stem}-used`, label: `${name} used`, ...space },
    { name: `${stem}-free`, label: `${name} free`, ...space },
    {
      name: `${stem}-percent`,
      label: `${name} used, in percent`,
      unit: "%",
      range: { min: 0, max: 100 },
      decimals: 1,
      deviceClass: null,
    },
  ];
}
