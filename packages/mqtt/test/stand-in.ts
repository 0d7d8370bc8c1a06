export {
  type Answers,
  acknowledged,
  acknowledgedIds,
  connack,
  message,
  type Peer,
  type StandIn,
  startStandIn,
} from "@weir/testkit";
