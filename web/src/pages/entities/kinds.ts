import type { EntityKind } from "$lib/api/types";

/** What events are about, in the words of people. */
export const KINDS: { kind: EntityKind; one: string; many: string }[] = [
  { kind: "user", one: "User", many: "Users" },
  { kind: "address", one: "Address", many: "Addresses" },
  { kind: "session", one: "Session", many: "Sessions" },
  { kind: "app", one: "Application", many: "Applications" },
  { kind: "device", one: "Device", many: "Devices" },
];
