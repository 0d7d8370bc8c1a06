import { BlockList, isIPv4, isIPv6 } from "node:net";

/** IPv4 networks that are not on the public internet [RFC 6890]. */
const CLOSED_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** All of IPv6 that is handed out for the public internet, and what in it is for other uses, such as IPv4 inside of it. */
const OPEN_IPV6 = ["2000::/3"];
const CLOSED_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const closed = listOf([...CLOSED_IPV4, ...CLOSED_IPV6]);
const open = listOf(OPEN_IPV6);

/** Whether an address is one of the public internet, and not of this machine, a private network or a group. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !closed.check(address, "ipv4");
  // Others, IPv4 in the form of IPv6 among them, are not open.
  return isIPv6(address) && open.check(address, "ipv6") && !closed.check(address, "ipv6");
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    list.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}
