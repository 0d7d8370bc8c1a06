import {
  choice,
  credentialFile,
  optionalInteger,
  optionalText,
  type Rule,
  type SettingValues,
  section,
} from "@weir/runtime";

const PORTS = { tls: 465, starttls: 587, none: 25 } as const;
const ADDRESS = /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/;

/** The mail server of workflows. */
export const smtpSettings = section("Mail", {
  SMTP_HOST: optionalText({
    description:
      "Host of the mail server that workflows send e-mail by. Without it they send none.",
    allowed: "a host name or address",
    pattern: /^[^\s/@]+$/,
  }),
  SMTP_PORT: optionalInteger({
    description: "Its port. Without it: 465, 587 or 25, as SMTP_SECURITY is tls, starttls or none.",
    min: 1,
    max: 65_535,
  }),
  SMTP_SECURITY: choice({
    description:
      "How the connection is encrypted: tls from the beginning, starttls after the greeting (never without), none not at all.",
    default: "starttls",
    of: ["tls", "starttls", "none"],
  }),
  SMTP_USERNAME: optionalText({
    description: "User name at the mail server. Without it there is no login.",
    allowed: "text",
  }),
  SMTP_PASSWORD_FILE: credentialFile("password", {
    description: "File with the password of SMTP_USERNAME.",
    allowed: "the path of a file that can be read",
  }),
  SMTP_FROM: optionalText({
    description: "Address that e-mail comes from.",
    allowed: "an address like weir@example.org",
    pattern: ADDRESS,
  }),
  SMTP_CA_FILE: credentialFile("certificates", {
    description:
      "File with the certificate authorities that are trusted to sign the mail server's certificate, instead of the default ones.",
    allowed: "the path of a PEM file with certificates",
  }),
});

/** What the settings of the mail server must satisfy together. */
export const smtpRules: readonly Rule<typeof smtpSettings>[] = [
  {
    of: ["SMTP_HOST", "SMTP_FROM"],
    problem: ({ SMTP_HOST, SMTP_FROM }) =>
      SMTP_HOST !== null && SMTP_FROM === null
        ? "SMTP_FROM: it is not set; give the address that e-mail comes from"
        : null,
  },
  {
    of: ["SMTP_USERNAME", "SMTP_PASSWORD_FILE"],
    problem: ({ SMTP_USERNAME, SMTP_PASSWORD_FILE }) =>
      (SMTP_USERNAME === null) === (SMTP_PASSWORD_FILE === null)
        ? null
        : "SMTP_USERNAME: it and SMTP_PASSWORD_FILE go together; set both or none",
  },
  {
    of: ["SMTP_USERNAME", "SMTP_SECURITY"],
    problem: ({ SMTP_USERNAME, SMTP_SECURITY }) =>
      SMTP_USERNAME !== null && SMTP_SECURITY === "none"
        ? "SMTP_SECURITY: none would send the password readable; set tls or starttls, or remove SMTP_USERNAME"
        : null,
  },
];

/** How to reach the mail server. */
export interface SmtpConfig {
  host: string;
  port: number;
  security: "tls" | "starttls" | "none";
  login: { user: string; pass: string } | null;
  from: string;
  /** PEM; `null` for the authorities that Node.js trusts. */
  ca: string | null;
}

/** The mail server of the settings, which satisfy the rules; `null` for none. */
export function smtpConfig(values: SettingValues<typeof smtpSettings>): SmtpConfig | null {
  const { SMTP_HOST: host, SMTP_FROM: from, SMTP_SECURITY: security } = values;
  const { SMTP_USERNAME: user, SMTP_PASSWORD_FILE: pass } = values;
  if (host === null || from === null) return null;
  return {
    host,
    port: values.SMTP_PORT ?? PORTS[security],
    security,
    login: user === null || pass === null ? null : { user, pass },
    from,
    ca: values.SMTP_CA_FILE,
  };
}
