import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { NODE_ARGUMENTS } from "@weir/runtime";

describe("a process of a service", () => {
  it("gives back what is not in use", () => {
    const script = `
      import { collectGarbage } from ${JSON.stringify(import.meta.resolve("../src/process.ts"))};
      const left = new WeakRef({});
      // Until this turn ends, the object stays.
      setImmediate(() => {
        collectGarbage();
        process.stdout.write(left.deref() === undefined ? "given back" : "kept");
      });`;
    const args = [...NODE_ARGUMENTS, "--input-type=module", "--eval", script];
    expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("given back");
  });

  it("starts in an image as elsewhere", () => {
    const dockerfile = readFileSync(join(import.meta.dirname, "../../../Dockerfile"), "utf8");
    const started = JSON.stringify(["node", ...NODE_ARGUMENTS, "main.ts"]).replaceAll(",", ", ");
    expect(dockerfile).toContain(`ENTRYPOINT ${started}`);
    // The cache of compiled modules is for the same arguments.
    expect(dockerfile).toContain(`RUN node ${NODE_ARGUMENTS.join(" ")} main.ts`);
  });
});
