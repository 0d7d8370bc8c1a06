import { z } from "zod";

/** The address of a server on the web, as a file has it: without a user, and never made of data. */
export const webAddress = z
  .string()
  .max(2_048)
  .superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== null) context.addIssue({ code: "custom", message });
  });

/** The name of a file with a secret, in the folder of the secrets. */
export const secretName = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]{0,63}$/,
    "it is the name of a file in WORKFLOWS_SECRETS_FOLDER: letters, digits, dots, underscores and hyphens",
  );

export const mayBePrivate = z
  .boolean()
  .default(false)
  .describe("true: it may be in a private network, or on this machine");

function problemOf(text: string): string | null {
  if (text.includes("{{")) return "it is no template: what a device says must not choose where to";
  if (!URL.canParse(text)) return "it is no address; write https://example.org/path";
  const { protocol, username, password } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return "it begins with https:// or http://";
  if (username !== "" || password !== "") return "it has no user and password in it";
  return null;
}
