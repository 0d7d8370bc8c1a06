import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT_CODES, errorCode, Fault } from "@weir/fault";

/** Ten years: a certificate that ends while nobody thinks of it silences every device. */
const VALID_DAYS = "3650";
const SERIAL_BYTES = 16;
/** The names that the broker has on the machine itself and in Compose's network. */
const OWN_HOSTS = ["mosquitto", "localhost", "127.0.0.1"] as const;

/** A certificate and its key: paths of PEM files. */
export interface Signed {
  certificateFile: string;
  keyFile: string;
}

/** A new private key as PEM, on the curve P-256, which small devices know, too. */
export function generateKey(): string {
  const encoding = { type: "pkcs8", format: "pem" } as const;
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: encoding,
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}

/** The certificate of an authority of one's own, as PEM. */
export function certifyAuthority(keyFile: string): string {
  const extensions = [
    "basicConstraints = critical,CA:TRUE,pathlen:0",
    "keyUsage = critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier = hash",
  ];
  return withConfiguration("Weir authority", extensions, (configuration) =>
    openssl([
      "req",
      "-x509",
      "-new",
      "-sha256",
      "-days",
      VALID_DAYS,
      "-key",
      keyFile,
      ...configuration,
    ]),
  );
}

/** The broker's certificate for these names and addresses, and for its own ones. */
export function certifyServer(
  authority: Signed,
  keyFile: string,
  hosts: readonly string[],
): string {
  const names = [...new Set([...hosts, ...OWN_HOSTS])];
  const alternatives = names.map((host) => (isIP(host) === 0 ? `DNS:${host}` : `IP:${host}`));
  return certify(authority, keyFile, {
    commonName: "Weir broker",
    extensions: ["extendedKeyUsage = serverAuth", `subjectAltName = ${alternatives.join(",")}`],
  });
}

/** The certificate by which a client is this user. */
export function certifyClient(authority: Signed, keyFile: string, user: string): string {
  return certify(authority, keyFile, {
    commonName: user,
    extensions: ["extendedKeyUsage = clientAuth"],
  });
}

/** The list of the certificates that are called back, as PEM, out of a database of `openssl ca`. */
export function certifyRevocations(authority: Signed, database: string): string {
  return inFolder((folder) => {
    const [configuration, databaseFile] = [join(folder, "openssl.cnf"), join(folder, "database")];
    writeFileSync(databaseFile, database);
    const settings = [`database = ${databaseFile}`, "default_md = sha256"];
    // Beyond its term the broker would refuse every certificate, not only those that are on it.
    const lines = [
      "[ca]",
      "default_ca = own",
      "[own]",
      ...settings,
      `default_crl_days = ${VALID_DAYS}`,
    ];
    writeFileSync(configuration, `${lines.join("\n")}\n`);
    const signer = ["-cert", authority.certificateFile, "-keyfile", authority.keyFile];
    return openssl(["ca", "-gencrl", "-config", configuration, ...signer]);
  });
}

/** Until when a list of revocations holds. */
export function nextUpdateOf(listFile: string): Date {
  const text = openssl(["crl", "-in", listFile, "-noout", "-nextupdate"]);
  return new Date(text.trim().replace("nextUpdate=", ""));
}

interface Subject {
  commonName: string;
  extensions: readonly string[];
}

function certify(authority: Signed, keyFile: string, { commonName, extensions }: Subject): string {
  const all = [
    "basicConstraints = critical,CA:FALSE",
    "keyUsage = critical,digitalSignature",
    "subjectKeyIdentifier = hash",
    "authorityKeyIdentifier = keyid",
    ...extensions,
  ];
  const serial = `0x01${randomBytes(SERIAL_BYTES).toString("hex")}`;
  return withConfiguration(commonName, all, ([option, configurationFile]) => {
    const request = openssl(["req", "-new", "-sha256", "-key", keyFile, option, configurationFile]);
    const signer = ["-CA", authority.certificateFile, "-CAkey", authority.keyFile];
    const extending = ["-extfile", configurationFile, "-extensions", "extensions"];
    const terms = ["-sha256", "-days", VALID_DAYS, "-set_serial", serial];
    return openssl(["x509", "-req", ...signer, ...terms, ...extending], request);
  });
}

function withConfiguration(
  commonName: string,
  extensions: readonly string[],
  use: (option: readonly ["-config", string]) => string,
): string {
  return inFolder((folder) => {
    const file = join(folder, "openssl.cnf");
    const request = ["distinguished_name = name", "x509_extensions = extensions", "prompt = no"];
    writeFileSync(
      file,
      ["[req]", ...request, "[name]", `CN = ${commonName}`, "[extensions]", ...extensions, ""].join(
        "\n",
      ),
    );
    return use(["-config", file]);
  });
}

function inFolder(use: (folder: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-certificate-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs openssl, without a shell; returns its output. */
function openssl(args: readonly string[], input = ""): string {
  try {
    return execFileSync("openssl", args, { input, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new Fault("the program openssl is not there, and it makes the certificates", {
      remedy:
        "Install it (apt-get install openssl, dnf install openssl, brew install openssl), and try again.",
      exitCode: EXIT_CODES.unavailable,
      cause: error,
    });
  }
}
