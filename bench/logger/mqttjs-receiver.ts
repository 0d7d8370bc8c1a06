// Receives with MQTT.js and keeps nothing. Started by ./mqttjs.ts:  node mqttjs-receiver.ts PORT FILTER QOS
import { connect } from "mqtt";

const [port = "1883", filter = "#", qos = "1"] = process.argv.slice(2);
let count = 0;

const client = connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0 });
client.on("message", () => {
  count += 1;
});
client.on("connect", () => client.subscribe(filter, { qos: qos === "0" ? 0 : 1 }));

// It counts when it is asked, so that counting costs it nothing.
process.on("message", () => process.send?.(count));
process.on("disconnect", () => process.exit(0));
