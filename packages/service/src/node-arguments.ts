/**
 * What Node is started with for a service. V8 lets the space for what is new grow to 32 MB before it
 * looks what of it is still needed; half of that is as fast here, and spares memory for good.
 */
export const NODE_ARGUMENTS: readonly string[] = ["--max-semi-space-size=8"];
