import { GenericContainer, Wait } from "testcontainers";

/** A real Mosquitto in a container. */
export interface Mosquitto extends AsyncDisposable {
  port: number;
}

const IMAGE = "eclipse-mosquitto:2.1";
const PORT = 1883;

/** Starts Mosquitto with the suite's own configuration. */
export async function startMosquitto(configurationFile: string): Promise<Mosquitto> {
  const container = await new GenericContainer(IMAGE)
    .withCopyFilesToContainer([
      { source: configurationFile, target: "/mosquitto/config/mosquitto.conf" },
    ])
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forLogMessage(/mosquitto version .* running/))
    .start();
  return {
    port: container.getMappedPort(PORT),
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}
