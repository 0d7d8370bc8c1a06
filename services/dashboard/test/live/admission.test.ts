import { expect, test } from "@jest/globals";
import { RequestFault } from "@weir/runtime";
import { Admission } from "../../src/live/admission.ts";

/** Lets in as many as there is room for. @returns how many that were. */
function fill(admission: Admission, user: string | null, address: string): number {
  for (let count = 0; ; count += 1) {
    try {
      admission.admit({ user, address });
    } catch (error) {
      if (error instanceof RequestFault && error.status === 503) return count;
      throw error;
    }
  }
}

test("one user leaves room for others, also behind the same proxy", () => {
  const admission = new Admission();
  expect(fill(admission, "ann", "127.0.0.1")).toBe(100);
  expect(fill(admission, "bob", "127.0.0.1")).toBe(50);
});

test("one address leaves room for others, and there is a limit in all", () => {
  const admission = new Admission();
  expect(fill(admission, null, "10.0.0.1")).toBe(150);
  expect(fill(admission, "ann", "10.0.0.2")).toBe(50);
  expect(fill(admission, "bob", "10.0.0.3")).toBe(0);
});

test("who leaves makes room, once", () => {
  const admission = new Admission();
  const first = admission.admit({ user: "ann", address: "10.0.0.1" });
  fill(admission, "ann", "10.0.0.1");
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(fill(admission, "ann", "10.0.0.1")).toBe(1);
});
