export { createTestCertificate, type TestCertificate } from "./certificate.ts";
export { eventually, holdsWithin } from "./eventually.ts";
export { createFakeClock, type FakeClock } from "./fake-clock.ts";
export {
  type Cut,
  type Direction,
  type FaultProxy,
  type NetworkCondition,
  startFaultProxy,
} from "./fault-proxy.ts";
export {
  canMountSmallDisk,
  listsLocks,
  lockByAnother,
  locksOn,
  mountSmallDisk,
  type SmallDisk,
  type TemporaryFolder,
  temporaryFolder,
} from "./files.ts";
export { HOSTILE_PIECES, STEERS_TERMINAL } from "./hostile-text.ts";
export { freePort, hasDocker, type Mosquitto, startMosquitto } from "./mosquitto.ts";
export {
  createTestContext,
  faultOf,
  NOTHING_CONFIGURED,
  type TestContext,
} from "./service-context.ts";
export {
  type Answers,
  acknowledged,
  acknowledgedIds,
  connack,
  message,
  type Peer,
  type StandIn,
  startStandIn,
} from "./stand-in-broker.ts";
export {
  connectTestClient,
  openTestStore,
  readingAt,
  rowOf,
  START_US,
  type TestClient,
} from "./test-client.ts";
