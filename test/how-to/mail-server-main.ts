// A mail server that prints what it takes: node mail-server-main.ts <port> <certificate> <key> <user> <password>
import { readFileSync } from "node:fs";
import { print } from "@weir/runtime";
import { SMTPServer } from "smtp-server";

const [port = "", certificate = "", key = "", user, password] = process.argv.slice(2);

const server = new SMTPServer({
  cert: readFileSync(certificate),
  key: readFileSync(key),
  disableReverseLookup: true,
  onAuth: ({ username, password: given }, _session, callback) => {
    const isKnown = username === user && given === password;
    callback(isKnown ? null : new Error("user or password are wrong"), { user: username });
  },
  onData: (stream, _session, callback) => {
    stream.setEncoding("utf8");
    stream.on("data", (part: string) => print(part));
    stream.on("end", () => callback(null, "taken"));
  },
});
server.listen(Number(port), "127.0.0.1", () => print("it listens\n"));
