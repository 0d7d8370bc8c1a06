export type { Clock } from "./clock.ts";
export { type Steadiness, watchSteadiness } from "./steadiness.ts";
export { systemClock } from "./system-clock.ts";
