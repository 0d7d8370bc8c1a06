export {
  createRing,
  type Ring,
  type RingOptions,
  type SecondAggregate,
  type WindowSummary,
} from "./ring.ts";
