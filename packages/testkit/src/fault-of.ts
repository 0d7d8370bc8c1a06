import { Fault } from "@weir/runtime";

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
