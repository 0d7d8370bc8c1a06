import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import {
  createTestCertificate,
  NOTHING_CONFIGURED,
  problemsIn,
  temporaryFolder,
} from "@weir/testkit";
import { readDashboardConfig } from "../src/config.ts";

const read = (environment: Record<string, string>) =>
  readDashboardConfig({ WEIR_FILE: NOTHING_CONFIGURED, ...environment });
const problemsOf = (environment: Record<string, string>) => problemsIn(() => read(environment));

test("reads the proxies that are trusted", () => {
  const DASHBOARD_TRUSTED_PROXY = "10.0.0.0/8, ::1,uniquelocal";
  expect(read({ DASHBOARD_TRUSTED_PROXY }).trustedProxies).toEqual([
    "10.0.0.0/8",
    "::1",
    "uniquelocal",
  ]);
  expect(read({}).trustedProxies).toEqual([]);
});

test.each(["proxy.example", "10.0.0.0/33", "10.0.0.1,,", "1", "10.0.0.0/8/8"])(
  "refuses a proxy that is no address: %s",
  (DASHBOARD_TRUSTED_PROXY) => {
    const [problem] = problemsOf({ DASHBOARD_TRUSTED_PROXY });
    expect(problem).toMatch(/^DASHBOARD_TRUSTED_PROXY: .*is neither an address nor a network/);
  },
);

test("reads the password of a file, and refuses one that is too short or too long", () => {
  using folder = temporaryFolder();
  const file = folder.file("password");
  const given = { DASHBOARD_PASSWORD_FILE: file };
  writeFileSync(file, "correct horse\n");
  expect(read(given).password).toBe("correct horse");
  for (const wrong of ["short", "long".repeat(100)]) {
    writeFileSync(file, wrong);
    const [problem] = problemsOf(given);
    expect(problem).toContain(`has ${wrong.length} characters`);
    expect(problem).not.toContain(wrong);
  }
  writeFileSync(file, "x".repeat(2_000_000));
  expect(problemsOf(given)[0]).toContain("larger than");
});

test("takes a certificate with its key only", () => {
  using folder = temporaryFolder();
  const mine = createTestCertificate({ name: "weir" });
  const other = createTestCertificate({ name: "other" });
  const write = (name: string, content: string) => {
    writeFileSync(folder.file(name), content);
    return folder.file(name);
  };
  const DASHBOARD_CERTIFICATE_FILE = write("certificate", mine.certificate);
  const DASHBOARD_KEY_FILE = write("key", mine.key);
  expect(read({ DASHBOARD_CERTIFICATE_FILE, DASHBOARD_KEY_FILE }).tls).toEqual(mine);
  expect(problemsOf({ DASHBOARD_CERTIFICATE_FILE })).toEqual([
    "DASHBOARD_CERTIFICATE_FILE: it cannot be used without DASHBOARD_KEY_FILE; give both, or neither",
  ]);
  expect(problemsOf({ DASHBOARD_KEY_FILE })).toHaveLength(1);
  const another = { DASHBOARD_CERTIFICATE_FILE, DASHBOARD_KEY_FILE: write("other", other.key) };
  expect(problemsOf(another)[0]).toContain("it is not the key of the certificate");
});
