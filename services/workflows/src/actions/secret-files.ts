import { join } from "node:path";
import { readCredential, section, text } from "@weir/runtime";

export const secretSettings = section("Workflows", {
  WORKFLOWS_SECRETS_FOLDER: text({
    description:
      "Folder with the secrets that workflows name: keys of webhooks' signatures and tokens of ntfy. They can send no file from elsewhere.",
    default: "config/workflows/secrets",
    allowed: "a path",
  }),
});

/** The secret that a workflow names, or why there is none. */
export type ReadSecret = (
  name: string,
) => { text: string; problem: null } | { text: null; problem: string };

/** Reads secrets each time that they are needed: they may be replaced. @param folder in which they are. */
export function secretsIn(folder: string): ReadSecret {
  return (name) => {
    // The configuration of the node allows no path; a symbolic link is the administrator's own.
    const { text, problem } = readCredential("password", join(folder, name));
    if (problem === null) return { text, problem };
    return { text: null, problem: `the secret ${name} in ${folder}: ${problem}` };
  };
}
