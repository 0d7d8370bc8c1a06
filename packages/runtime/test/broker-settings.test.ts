import { createPrivateKey } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "@jest/globals";
import {
  brokerConfig,
  brokerSettings,
  namesBroker,
  readSettings,
  toolEnvironment,
} from "@weir/runtime";
import { createTestCertificate, problemsIn, temporaryFolder } from "@weir/testkit";

const broker = (environment: Record<string, string>) =>
  brokerConfig(readSettings(brokerSettings, environment));

const problemsOf = (environment: Record<string, string>) => problemsIn(() => broker(environment));

describe("the broker's address", () => {
  test.each(["mqtt://me:sec/ret@host", "mqtt://me:sec ret@host:x", "me:secret@host"])(
    "is refused without its password where %s is no URL",
    (url) => {
      const problems = problemsOf({ BROKER_URL: url });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^BROKER_URL: "…@host(:x)?" is not allowed; it must be a URL/);
    },
  );

  test("is localhost without settings", () => {
    expect(broker({})).toStrictEqual({ url: "mqtt://localhost", username: null, password: null });
  });

  test("is on BROKER_PORT, where npm start brings one, unless a variable names another", () => {
    expect(broker({ BROKER_PORT: "1884" }).url).toBe("mqtt://localhost:1884");
    expect(broker({ BROKER_PORT: "1883" }).url).toBe("mqtt://localhost");
    expect(broker({ BROKER_PORT: "1884", BROKER: "mosquitto" }).url).toBe("mqtt://mosquitto");
    expect(broker({ BROKER_PORT: "1884", BROKER_URL: "mqtts://b" }).url).toBe("mqtts://b");
    expect(problemsOf({ BROKER_PORT: "0" })[0]).toMatch(/^BROKER_PORT: "0" is not allowed/);
  });

  test("comes from BROKER, as in the old system", () => {
    expect(broker({ BROKER: "mosquitto" }).url).toBe("mqtt://mosquitto");
    expect(broker({ BROKER: "10.0.0.7:1884" }).url).toBe("mqtt://10.0.0.7:1884");
    expect(broker({ BROKER: "[::1]:1884" }).url).toBe("mqtt://[::1]:1884");
  });

  test("comes from BROKER_URL first", () => {
    expect(broker({ BROKER: "a", BROKER_URL: "mqtts://b:8883" }).url).toBe("mqtts://b:8883");
  });

  test.each(["mqtt://host", "a b", "user@host", "host/path", "host:99999"])(
    "is not taken from BROKER=%s",
    (given) => {
      expect(() => broker({ BROKER: given })).toThrow("BROKER");
    },
  );

  test("is the user's own when a variable names it", () => {
    expect(namesBroker({ BROKER: " " })).toBe(false);
    expect(namesBroker({ BROKER: "host" })).toBe(true);
    expect(namesBroker({ BROKER_URL: "mqtt://host" })).toBe(true);
  });
});

describe("the credentials of a broker", () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());
  const client = createTestCertificate({ name: "kitchen" });
  const other = createTestCertificate({ name: "hall" });
  const BROKER_URL = "mqtts://host";

  function fileOf(name: string, text: string): string {
    writeFileSync(folder.file(name), text);
    return folder.file(name);
  }

  const certificateFile = fileOf("kitchen.pem", client.certificate);
  const keyFile = fileOf("kitchen.key", client.key);

  test("may be a password in a file, without the end of its line", () => {
    const BROKER_PASSWORD_FILE = fileOf("password", " two words \n\r\n");
    expect(broker({ BROKER_PASSWORD_FILE }).password).toBe(" two words \n");
  });

  test("is read without a byte order mark and NULs around it", () => {
    const BROKER_PASSWORD_FILE = fileOf("marked", "\uFEFFhidden\r\n\0");
    expect(broker({ BROKER_PASSWORD_FILE }).password).toBe("hidden");
    const files = {
      BROKER_CERTIFICATE_FILE: fileOf("marked.pem", `\uFEFF${client.certificate}\0`),
      BROKER_KEY_FILE: fileOf("marked.key", `\uFEFF${client.key}\0`),
    };
    expect(broker({ BROKER_URL, ...files }).tls).toMatchObject({ key: client.key });
  });

  test("is one password", () => {
    const BROKER_PASSWORD_FILE = fileOf("password", "hidden");
    expect(problemsOf({ BROKER_PASSWORD: "hidden", BROKER_PASSWORD_FILE })).toEqual([
      "BROKER_PASSWORD_FILE: there is also BROKER_PASSWORD; keep one of them",
    ]);
  });

  test("may be a certificate with its key, and an authority of one's own", () => {
    const both = `${other.certificate}${client.certificate}`;
    const { tls } = broker({
      BROKER_URL,
      BROKER_CA_FILE: fileOf("ca.pem", both),
      BROKER_CERTIFICATE_FILE: certificateFile,
      BROKER_KEY_FILE: keyFile,
    });
    expect(tls).toEqual({ ca: both, certificate: client.certificate, key: client.key });
    expect(broker({ BROKER_URL, BROKER_CA_FILE: folder.file("ca.pem") }).tls).toEqual({
      ca: both,
      certificate: null,
      key: null,
    });
  });

  test.each([
    [{ BROKER_CERTIFICATE_FILE: certificateFile }, "without BROKER_KEY_FILE; give both"],
    [{ BROKER_KEY_FILE: keyFile }, "without BROKER_CERTIFICATE_FILE; give both"],
    [{ BROKER_CA_FILE: certificateFile, BROKER_URL: "mqtt://host" }, "begin BROKER_URL with mqtts"],
    [
      {
        BROKER_CERTIFICATE_FILE: certificateFile,
        BROKER_KEY_FILE: fileOf("hall.key", other.key),
      },
      "not the key of the certificate in BROKER_CERTIFICATE_FILE",
    ],
    [{ BROKER_PASSWORD_FILE: folder.file("gone") }, "no such file"],
    [{ BROKER_PASSWORD_FILE: fileOf("empty", "\n") }, "it is empty"],
    [{ BROKER_CA_FILE: fileOf("notes", "hello") }, "no certificate in PEM"],
    [{ BROKER_CA_FILE: keyFile }, "no certificate in PEM"],
    [
      {
        BROKER_CA_FILE: fileOf(
          "torn",
          `${other.certificate}${client.certificate.replace(/M/, "!")}`,
        ),
      },
      "certificate number 2 in it cannot be read",
    ],
    [{ BROKER_KEY_FILE: certificateFile }, "no private key in PEM"],
    [{ BROKER_KEY_FILE: fileOf("locked.key", locked(client.key)) }, "needs a passphrase"],
  ])("is refused where it is %j", (environment, words) => {
    const problems = problemsOf({ BROKER_URL, ...environment });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(words);
    expect(problems[0]).toMatch(/^BROKER_\w+_FILE: /);
  });
});

function locked(key: string): string {
  const options = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
  return createPrivateKey(key).export(options).toString();
}

describe("a command that runs beside a service", () => {
  test("has its own user at the broker, where there is one", () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("service"), "sesame");
    writeFileSync(folder.file("tools"), "barley");
    const service = {
      BROKER_USERNAME: "weir-logger",
      BROKER_PASSWORD_FILE: folder.file("service"),
    };
    const tools = {
      BROKER_TOOLS_USERNAME: "weir-tools",
      BROKER_TOOLS_PASSWORD_FILE: folder.file("tools"),
    };

    expect(brokerConfig(readSettings(brokerSettings, toolEnvironment(service)))).toMatchObject({
      username: "weir-logger",
      password: "sesame",
    });
    expect(
      brokerConfig(readSettings(brokerSettings, toolEnvironment({ ...service, ...tools }))),
    ).toMatchObject({ username: "weir-tools", password: "barley" });
  });
});
