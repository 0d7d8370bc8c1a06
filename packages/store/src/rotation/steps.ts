/** What a rotation has just done. A kill after any of them is made good at the next start. */
export const ROTATION_STEPS = [
  "folder made",
  "written",
  "synced",
  "renamed",
  "durable",
  "opened",
  "sealed",
] as const;

export type RotationStep = (typeof ROTATION_STEPS)[number];
