export { hasDocker } from "./docker.ts";
export { eventually } from "./eventually.ts";
export { createFakeClock, type FakeClock } from "./fake-clock.ts";
export { type Mosquitto, startMosquitto } from "./mosquitto.ts";
export { createTestContext, type TestContext } from "./service-context.ts";
export { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";
export { connectTestClient, type TestClient } from "./test-client.ts";
export { openTestStore, readingAt, rowOf, START_US } from "./test-store.ts";
