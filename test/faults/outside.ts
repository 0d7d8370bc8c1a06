import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";

/** What workflows do outside: a real mail server and a receiver of webhooks, which keep what has arrived. */
export interface Outside extends AsyncDisposable {
  mails: readonly string[];
  mailPort: number;
  calls: readonly { headers: IncomingHttpHeaders; body: string }[];
  url: string;
}

export async function startOutside(): Promise<Outside> {
  await using opening = new AsyncDisposableStack();
  const mails: string[] = [];
  const calls: { headers: IncomingHttpHeaders; body: string }[] = [];
  const mailServer = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    onData: (stream, _session, callback) => {
      text(stream).then((mail) => {
        mails.push(mail);
        callback(null, "taken");
      }, callback);
    },
  });
  // Whoever sends is killed again and again.
  mailServer.on("error", () => {});
  await once(mailServer.listen(0, "127.0.0.1"), "listening");
  opening.defer(() => new Promise((resolve) => mailServer.close(resolve)));
  const receiver = createServer((request, response) => {
    text(request).then(
      (body) => {
        calls.push({ headers: request.headers, body });
        response.end();
      },
      () => {},
    );
  });
  await once(receiver.listen(0, "127.0.0.1"), "listening");
  opening.defer(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  const opened = opening.move();
  // Both listen by TCP.
  const { port } = receiver.address() as AddressInfo;
  return {
    mails,
    mailPort: (mailServer.server.address() as AddressInfo).port,
    calls,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
