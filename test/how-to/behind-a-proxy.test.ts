import { expect, jest, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import { hasMachine, startMachine } from "./machine.ts";
import { FEW_PARTS, TRUSTING, writeCertificate } from "./programs.ts";
import { Reader } from "./reader.ts";

jest.setTimeout(300_000);

const HOST = "weir.example.org";
/** Where a visitor comes from. */
const VISITOR = "192.168.1.5";
const CERTIFICATES = `/etc/letsencrypt/live/${HOST}`;
const PROGRAMS = {
  // The packages are there. Debian's starts nginx.
  "apt-get": "exec nginx",
  // The authority asks for a file that certbot writes, and then signs.
  certbot: `date > /var/www/html/challenge && curl -sSf http://${HOST}/challenge && test -e ${CERTIFICATES}`,
  systemctl: 'if [ "$2" = nginx ]; then exec nginx -s reload; fi',
};

const followed = hasMachine(["nginx", "curl"]) ? test : test.skip;

followed("the dashboard is behind nginx as docs/how-to/behind-a-proxy.md says", async () => {
  await using machine = await startMachine({
    names: [HOST],
    addresses: [VISITOR],
    emptied: ["/run", "/var/lib/nginx", "/var/log/nginx", "/var/www/html"],
    programs: PROGRAMS,
    environment: TRUSTING,
  });
  await writeCertificate(machine, HOST, {
    certificate: `${CERTIFICATES}/fullchain.pem`,
    key: `${CERTIFICATES}/privkey.pem`,
  });
  await machine.write(".env", FEW_PARTS);
  await using reader = new Reader("docs/how-to/behind-a-proxy.md", machine);
  await reader.follow("1. Have Weir believe the proxy");
  await reader.follow("2. With nginx");
  await reader.follow("2. Or with Caddy");

  const post = (path: string, body: object, options: string) =>
    machine.run(
      `curl -sSi ${options} -H 'content-type: application/json' -H 'origin: https://${HOST}' -d '${JSON.stringify(body)}' https://${HOST}/api/v1/${path}`,
    );
  const guess = { name: "admin", password: "wrong password" };
  const visitor = `--resolve ${HOST}:443:${VISITOR} -H 'x-forwarded-for: 203.0.113.7'`;
  expect(await eventually(() => post("session", guess, visitor))).toContain(" 401");
  const seen = await reader.follow("3. See that it works");
  expect(seen).toContain(`"address":"${VISITOR}"`);
  reader.end();

  const [, code = ""] = /with the code ([A-Z-]+)/.exec(reader.log("dashboard")) ?? [];
  const user = { code, name: "admin", password: "correct horse" };
  expect(await post("setup", user, "--cookie-jar cookies")).toMatch(/set-cookie: .*; Secure/i);
  const live = await machine.start(`exec curl -sSN --cookie cookies https://${HOST}/api/v1/live`);
  await eventually(() => live.output().includes("event: status"));
  await live.interrupt();
});
