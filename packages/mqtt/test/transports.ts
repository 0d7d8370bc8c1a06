/** Both ways to a broker, which promise the same. */
export const TRANSPORTS = ["mqttjs", "direct"] as const;
