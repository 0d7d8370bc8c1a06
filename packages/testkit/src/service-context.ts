import { fileURLToPath } from "node:url";
import {
  type Clock,
  createLogger,
  Fault,
  Health,
  Registry,
  type ServiceContext,
  systemClock,
} from "@weir/runtime";

/** What a service is given in a test. */
export interface TestContext extends ServiceContext {
  /** The faults that it ended with, oldest first. */
  faults: unknown[];
  /** Why it asked to be stopped, oldest first. */
  stops: string[];
}

/** A context as `runService` makes it, with a quiet log and a list of faults. */
export function createTestContext(clock: Clock = systemClock): TestContext {
  const faults: unknown[] = [];
  const stops: string[] = [];
  return {
    clock,
    logger: createLogger("test", { logLevel: "fatal", logFormat: "json" }),
    metrics: new Registry(),
    health: new Health(),
    fail: (fault) => faults.push(fault),
    faults,
    stop: (reason) => stops.push(reason),
    stops,
  };
}

/**
 * A weir.yaml or agent.yaml in which nothing stands. Where a test names none, that of the developer is
 * read who has one in `config/`.
 */
export const NOTHING_CONFIGURED: string = fileURLToPath(
  new URL("./nothing-configured.yaml", import.meta.url),
);

/** The fault that a task throws. @throws what else it throws, and an Error when it throws nothing. */
export function faultOf(task: () => unknown): Fault {
  try {
    task();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("it did not throw");
}
