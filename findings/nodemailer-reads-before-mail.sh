#!/usr/bin/env bash
# nodemailer 10.6.1 reads a message that is given as a stream before the mail transaction begins: sendMail has read it
# when the server hears MAIL. Its SMTPConnection.send reads it only after the server has accepted DATA. So only there
# the first read tells a mail that was surely not sent from one that may have been.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts nodemailer@10.6.1 smtp-server@3.21.6 >/dev/null
cat >probe.mjs <<'JS'
import { Readable } from "node:stream";
import nodemailer from "nodemailer";
import SMTPConnection from "nodemailer/lib/smtp-connection/index.js";
import { SMTPServer } from "smtp-server";

const events = [];
const note = (event) => { if (!events.includes(event)) events.push(event); };
const server = new SMTPServer({
  disabledCommands: ["AUTH", "STARTTLS"],
  onMailFrom: (address, session, done) => { note("MAIL"); done(); },
  onData: (stream, session, done) => { note("DATA"); stream.resume().once("end", () => done()); },
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const { port } = server.server.address();
const message = () => new Readable({
  read() { note("read"); this.push("Subject: x\r\n\r\nx\r\n"); this.push(null); },
});
const envelope = { from: "a@example.org", to: ["b@example.org"] };

await nodemailer.createTransport({ host: "127.0.0.1", port }).sendMail({ envelope, raw: message() });
const seen = [`sendMail: ${events.splice(0).join(", ")}`];
const connection = new SMTPConnection({ host: "127.0.0.1", port });
await new Promise((connected) => connection.connect(connected));
await new Promise((sent) => connection.send(envelope, message(), sent));
seen.push(`SMTPConnection.send: ${events.join(", ")}`);
console.log(seen.join("; "));
connection.quit();
server.close();
JS
seen=$(node probe.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'sendMail: read, MAIL, DATA; SMTPConnection.send: MAIL, DATA, read' ] || { echo 'CHANGED: nodemailer behaves differently now'; exit 1; }
echo 'as found: nodemailer 10.6.1 reads a stream before MAIL with sendMail, after DATA with SMTPConnection.send'
