import { expect, test } from "@jest/globals";
import { isPublicAddress } from "../../src/actions/public-address.ts";

test.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"])(
  "%s is public",
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  ...["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.1.2.3", "169.254.169.254", "172.31.255.255"],
  ...["192.168.0.1", "198.18.0.1", "224.0.0.251", "239.1.1.1", "255.255.255.255"],
  ...["::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1"],
  ...["64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "fc00::1", "fd12::1"],
  ...["fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "example.org", ""],
])("%j is not public", (address) => expect(isPublicAddress(address)).toBe(false));
