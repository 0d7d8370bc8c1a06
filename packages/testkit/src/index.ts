export { createTestCertificate, type TestCertificate } from "./certificate.ts";
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
  overwrite,
  type SmallDisk,
  type TemporaryFolder,
  temporaryFolder,
} from "./files.ts";
export {
  BARE_ENVIRONMENT,
  connectTestClient,
  createTestContext,
  faultOf,
  NOTHING_CONFIGURED,
  openTestStore,
  problemsIn,
  readingAt,
  readingNow,
  rowOf,
  SEGMENT_FORMAT_1,
  START_US,
  type TestClient,
  type TestContext,
} from "./fixtures.ts";
export { HOSTILE_PIECES, STEERS_TERMINAL } from "./hostile-text.ts";
export { freePort, hasDocker, type Mosquitto, startMosquitto } from "./mosquitto.ts";
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
export { createFakeClock, eventually, type FakeClock, holdsWithin } from "./time.ts";
