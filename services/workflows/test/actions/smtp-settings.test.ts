import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { CheckedSettings } from "@weir/runtime";
import { problemsIn, temporaryFolder } from "@weir/testkit";
import { smtpConfig, smtpRules, smtpSettings } from "../../src/actions/smtp-settings.ts";

const read = (environment: Record<string, string>) =>
  smtpConfig(new CheckedSettings(smtpSettings, environment, smtpRules).values());

const SERVER = { SMTP_HOST: "mail.example.org", SMTP_FROM: "weir@example.org" };

test.each([
  [{}, 587],
  [{ SMTP_SECURITY: "tls" }, 465],
  [{ SMTP_SECURITY: "none" }, 25],
  [{ SMTP_PORT: "2525" }, 2525],
])("with %j the port is %i", (more, port) => {
  expect(read({ ...SERVER, ...more })?.port).toBe(port);
});

test("without a host there is no mail server", () => expect(read({})).toBeNull());

test.each([
  [{ SMTP_HOST: "mail.example.org" }, /SMTP_FROM: it is not set/],
  [{ ...SERVER, SMTP_FROM: "Weir <weir@example.org>" }, /SMTP_FROM/],
  [{ ...SERVER, SMTP_USERNAME: "weir" }, /SMTP_PASSWORD_FILE go together/],
])("refuses %j", (environment, words) => {
  expect(problemsIn(() => read(environment)).join()).toMatch(words);
});

test("refuses to send a password readable", () => {
  using folder = temporaryFolder();
  writeFileSync(folder.file("password"), "secret");
  const login = { SMTP_USERNAME: "weir", SMTP_PASSWORD_FILE: folder.file("password") };
  const problems = problemsIn(() => read({ ...SERVER, ...login, SMTP_SECURITY: "none" }));
  expect(problems.join()).toMatch(/SMTP_SECURITY: none would send the password readable/);
});
