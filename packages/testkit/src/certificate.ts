import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate for tests, with its private key; both in PEM. */
export interface TestCertificate {
  certificate: string;
  key: string;
}

export interface TestCertificateOptions {
  /** The common name. */
  name: string;
  /** The authority that signs it. Default none: it signs itself, as an authority. */
  issuer?: TestCertificate & { name: string };
  /** The hosts that it is for: IPv4 addresses or names. */
  hosts?: readonly string[];
  /** Default in an hour, in milliseconds since 1970. */
  expiresAt?: number;
}

const HOUR_MS = 3_600_000;

/** Makes a certificate [RFC 5280] without any program of the machine; Node.js can only read them. */
export function createTestCertificate(options: TestCertificateOptions): TestCertificate {
  const { name, issuer, hosts = [], expiresAt = Date.now() + HOUR_MS } = options;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const isAuthority = der(TAG.boolean, Buffer.from([issuer === undefined ? 0xff : 0]));
  const content = sequence(
    der(TAG.version, integer(2)),
    der(TAG.integer, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    nameOf(issuer?.name ?? name),
    sequence(time(expiresAt - 2 * HOUR_MS), time(expiresAt)),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(
      TAG.extensions,
      sequence(
        sequence(OID.basicConstraints, octets(sequence(...(issuer ? [] : [isAuthority])))),
        ...(hosts.length === 0
          ? []
          : [sequence(OID.subjectAltName, octets(sequence(...hosts.map(host))))]),
      ),
    ),
  );
  const signature = sign("sha256", content, issuer?.key ?? privateKey);
  const whole = sequence(
    content,
    ECDSA_WITH_SHA256,
    der(TAG.bits, Buffer.concat([Buffer.from([0]), signature])),
  );
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  const certificate = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { certificate, key };
}

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  text: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
  dns: 0x82,
  address: 0x87,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** A value with its tag and length. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

const sequence = (...parts: Buffer[]): Buffer => der(TAG.sequence, Buffer.concat(parts));
const integer = (value: number): Buffer => der(TAG.integer, Buffer.from([value]));
const octets = (content: Buffer): Buffer => der(TAG.octets, content);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

const OID = {
  commonName: oid("550403"),
  basicConstraints: oid("551d13"),
  subjectAltName: oid("551d11"),
};
const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));

function nameOf(name: string): Buffer {
  const text = der(TAG.text, Buffer.from(name));
  return sequence(der(TAG.set, sequence(OID.commonName, text)));
}

/** `20261121124129Z` */
function time(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/\..*$/, "").replace(/\D/g, "");
  return der(TAG.time, Buffer.from(`${digits}Z`));
}

function host(name: string): Buffer {
  if (isIPv4(name)) return der(TAG.address, Buffer.from(name.split(".").map(Number)));
  return der(TAG.dns, Buffer.from(name));
}
