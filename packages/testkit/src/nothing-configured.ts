import { fileURLToPath } from "node:url";

/**
 * A weir.yaml or agent.yaml in which nothing stands. Where a test names none, that of the developer is
 * read who has one in `config/`.
 */
export const NOTHING_CONFIGURED: string = fileURLToPath(
  new URL("./nothing-configured.yaml", import.meta.url),
);
