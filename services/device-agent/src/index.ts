export { type CommandContext, type DeviceCommand, Refusal } from "./commands/command.ts";
export type { DeviceControl } from "./device/control.ts";
export type { Attribute, Sample, Source, SourceContext, SourceKind } from "./sources/source.ts";
