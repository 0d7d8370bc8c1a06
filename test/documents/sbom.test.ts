import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";

interface Bill {
  bomFormat: string;
  components: { purl: string }[];
}

test("npm run sbom lists what the services install, and none of the tools", () => {
  const bill: Bill = JSON.parse(
    execFileSync("npm", ["run", "--silent", "sbom"], { encoding: "utf8" }),
  );
  const listed = bill.components.map(({ purl }) => decodeURIComponent(purl));
  const has = (name: string): boolean => listed.some((one) => one.startsWith(`pkg:npm/${name}@`));

  expect(bill.bomFormat).toBe("CycloneDX");
  for (const service of readdirSync("services")) {
    const file = readFileSync(`services/${service}/package.json`, "utf8");
    const { name, dependencies } = JSON.parse(file) as {
      name: string;
      dependencies: Record<string, string>;
    };
    for (const one of [name, ...Object.keys(dependencies)])
      expect([one, has(one)]).toEqual([one, true]);
  }
  for (const name of ["zod", "mqtt", "better-sqlite3"])
    expect([name, has(name)]).toEqual([name, true]);
  for (const name of ["jest", "typescript", "testcontainers", "@weir/testkit"]) {
    expect([name, has(name)]).toEqual([name, false]);
  }
});
