export * from "./alerts.ts";
export * from "./files.ts";
export * from "./runs.ts";
export * from "./trials.ts";
