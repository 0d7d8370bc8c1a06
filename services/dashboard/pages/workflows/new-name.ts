import type { Workflows } from "@weir/flows/contract";

/** What is wrong with the name of a new file and its workflow, with the remedy; `null`: nothing is. */
export function nameProblem(
  name: string,
  { files, flows }: Pick<Workflows, "files" | "flows">,
): string | null {
  if (name === "") return "Give it a name, such as freezer-warm.";
  if (!/^[a-z][a-z0-9-]{0,63}$/i.test(name)) {
    return "A name has letters, digits and hyphens, begins with a letter, and is at most 64 long.";
  }
  // Some file systems do not tell large letters from small ones.
  const isSame = (other: string): boolean => other.toLowerCase() === name.toLowerCase();
  if (files.some(({ file }) => isSame(file))) {
    return `There is a file ${name}.yaml already: open it, or take another name.`;
  }
  const flow = flows.find((one) => isSame(one.name));
  if (flow !== undefined) {
    return `${flow.file}.yaml has a workflow of this name already: take another name.`;
  }
  return null;
}
