import { eventually } from "@weir/testkit";

const READY_WITHIN_MS = 20_000;

/** Waits until a service says at /readyz that it is connected and subscribed. */
export async function readyAt(httpPort: number): Promise<void> {
  await eventually(async () => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
    await response.body?.cancel();
    return response.ok;
  }, READY_WITHIN_MS);
}
