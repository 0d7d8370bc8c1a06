import type { Broker } from "./connection.ts";

/** User name and password, those of the URL where there are no others. */
export function credentialsOf({
  url,
  username,
  password,
}: Pick<Broker, "url" | "username" | "password">): { username?: string; password?: string } {
  const inUrl = new URL(url);
  const name = username ?? decodeURIComponent(inUrl.username);
  const secret = password ?? decodeURIComponent(inUrl.password);
  return {
    ...(name !== "" && { username: name }),
    ...(secret !== "" && { password: secret }),
  };
}
