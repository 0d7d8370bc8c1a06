import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { EXIT_CODES } from "@weir/runtime";
import { createTestContext, temporaryFolder } from "@weir/testkit";
import { startLogger } from "../src/logger.ts";
import { startReady, testConfig } from "./fixture.ts";

test("a second logger on the same store is refused at once, and does not wait for its lock", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker({ host: "127.0.0.1", port: 0 });
  const config = testConfig({ file: folder.file("weir.db"), port: broker.port });
  await using _first = await startReady(config);
  await expect(startLogger(config, createTestContext())).rejects.toMatchObject({
    message: `another logger is writing ${folder.file("weir.db")}`,
    exitCode: EXIT_CODES.tryLater,
  });
});
