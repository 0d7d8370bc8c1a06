import { createPrivateKey, X509Certificate } from "node:crypto";

/** What TLS needs beside a URL that asks for it; all in PEM. */
export interface TlsConfig {
  /** The authorities that are trusted, and no others; `null` for those that Node.js trusts. */
  ca: string | null;
  /** Who this client is, with the certificates between it and its authority. */
  certificate: string | null;
  /** The certificate's private key. */
  key: string | null;
}

/** What the fields are called where they were configured. */
export type TlsNames = Readonly<Record<keyof TlsConfig | "url", string>>;

/** A field that does not go together with the others. */
export interface TlsProblem {
  field: keyof TlsConfig;
  /** What is wrong and how to mend it. */
  words: string;
}

/** `undefined` where nothing was given, so that a broker without it stays as short as it was. */
export function tlsConfig(given: TlsConfig): TlsConfig | undefined {
  return Object.values(given).every((pem) => pem === null) ? undefined : given;
}

const FIELDS = ["ca", "certificate", "key"] as const satisfies (keyof TlsConfig)[];
const ENCRYPTED = /^(mqtts|wss):/i;

/** What a broker's TLS and its URL do not agree on. */
export function tlsProblems(url: string, tls: TlsConfig, names: TlsNames): TlsProblem[] {
  if (!ENCRYPTED.test(url)) {
    const words = `nothing is encrypted without TLS; begin ${names.url} with mqtts:// or wss://, or take this out`;
    return FIELDS.filter((field) => tls[field] !== null).map((field) => ({ field, words }));
  }
  const { certificate, key } = tls;
  if (certificate !== null && key !== null) {
    const isPair = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    const words = `it is not the key of the certificate in ${names.certificate}; name the one that belongs to it`;
    return isPair ? [] : [{ field: "key", words }];
  }
  const [field, missing] =
    key === null ? (["certificate", "key"] as const) : (["key", "certificate"] as const);
  if (tls[field] === null) return [];
  return [{ field, words: `it is of no use without ${names[missing]}; give both, or neither` }];
}
