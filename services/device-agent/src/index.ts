export type { CommandContext, DeviceCommand } from "./commands/command.ts";
export { type DeviceControl, Refusal } from "./control/control.ts";
export type { Attribute, Sample, Source, SourceContext, SourceKind } from "./sources/source.ts";
