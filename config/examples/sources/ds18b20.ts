import { readFile } from "node:fs/promises";
import type { SourceKind } from "@weir/device-agent";
import { z } from "zod";

interface Ds18b20Options {
  id: string;
  folder: string;
}

/** What the sensor reports before it has measured. */
const POWER_ON_MILLIDEGREES = 85_000;

/**
 * A source to copy: the temperature of a DS18B20, the sensor on three wires, as Linux shows it on a
 * Raspberry Pi with `dtoverlay=w1-gpio`.
 */
export const source: SourceKind<Ds18b20Options> = {
  name: "ds18b20",
  summary: "The temperature of a DS18B20 on the 1-Wire bus.",
  options: z.strictObject({
    id: z
      .string()
      .regex(/^28-[0-9a-f]{12}$/, "it must be a sensor's id: 28-0316a2795cff")
      .describe("Which sensor: the name of its folder below /sys/bus/w1/devices."),
    folder: z.string().default("/sys/bus/w1/devices").describe("Where Linux shows the bus."),
  }),

  open: ({ id, folder }, { name }) => ({
    attributes: [
      {
        name,
        label: "Temperature",
        unit: "°C",
        range: { min: -55, max: 125 },
        decimals: 3,
        deviceClass: "temperature",
      },
    ],
    read: async (signal) => {
      const text = await readFile(`${folder}/${id}/w1_slave`, { encoding: "utf8", signal });
      // The first line ends in YES when the checksum fits, the second one in thousandths of a degree.
      const [, millidegrees] = /crc=.. YES\n.*t=(-?\d+)/.exec(text) ?? [];
      if (millidegrees === undefined) throw new Error(`the sensor ${id} was not understood`);
      if (Number(millidegrees) === POWER_ON_MILLIDEGREES) {
        throw new Error(`the sensor ${id} has not measured yet`);
      }
      return { [name]: Number(millidegrees) / 1_000 };
    },
    [Symbol.dispose]: () => {},
  }),
};
