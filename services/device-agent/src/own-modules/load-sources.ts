import { SOURCE_KINDS } from "../sources/index.ts";
import type { SourceKind } from "../sources/source.ts";
import { loadModules } from "./load-modules.ts";
import { checkedKind } from "./own-source.ts";

/**
 * Loads a user's own kinds of sources: each file of the folder exports one by the name `source`.
 *
 * @throws Fault that names each file that cannot be used, and why.
 */
export function loadSourceKinds(folder: string): SourceKind[] {
  const taken = SOURCE_KINDS.map(({ name }) => name);
  return loadModules(folder, { exportName: "source", taken, check: checkedKind });
}
