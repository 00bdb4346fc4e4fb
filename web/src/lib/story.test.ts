import { expect, test } from "vitest";

import type { AlertDetail } from "./api/types";
import { safeLink, story } from "./story";

const alert = (more: Partial<AlertDetail>) =>
  ({
    count: 1,
    event_count: 1,
    correlation: null,
    entities: {},
    events: [],
    ...more,
  }) as AlertDetail;

test.each<[string, Partial<AlertDetail>, string[]]>([
  ["nothing known", {}, []],
  [
    "one person",
    {
      entities: {
        user: { name: "ada" },
        actor: { name: "ada", type: "User" },
        source_ip: "192.0.2.1",
      },
    },
    ["It was done by ada from 192.0.2.1."],
  ],
  [
    "to somebody else",
    {
      entities: {
        user: { name: "bob" },
        actor: { name: "sync", type: "SystemPrincipal" },
        target_user: { name: "bob" },
        app: { name: "Payroll" },
        source_ip: "192.0.2.1",
        place: "Oslo, Norway",
      },
    },
    ["It was done by sync (SystemPrincipal) to bob with Payroll from 192.0.2.1, in Oslo, Norway."],
  ],
  ["an address only", { entities: { place: "Oslo" } }, ["It came from Oslo."]],
  [
    "a correlation that happened again",
    {
      count: 4,
      event_count: 12,
      last_time: "2026-09-01T09:00:00Z",
      correlation: {
        type: "event_count",
        timespan: "10 minutes",
        value: null,
        first: "2026-09-01T08:00:00Z",
        last: "2026-09-01T08:04:30Z",
      },
    },
    [
      "12 events came together within 4 min, from 01 Sept, 08:00:00 on; the rule looks at 10 minutes.",
      "It has happened 4 times, last on 01 Sept, 09:00:00.",
    ],
  ],
  [
    "with what, and in Okta's words",
    {
      entities: { user: { name: "ada" }, source_ip: "192.0.2.1" },
      events: [
        {
          is_whole: true,
          record: {
            event: { reason: "User login to Okta" },
            user_agent: { name: "Firefox", os: { name: "Linux" } },
            source: { as: { organization: { name: "m247" } } },
            okta: {
              system: {
                security_context: { is_proxy: true },
                outcome: { reason: "INVALID_CREDENTIALS" },
              },
            },
          },
        } as unknown as AlertDetail["events"][number],
      ],
    },
    [
      "It was done by ada from 192.0.2.1, with Firefox on Linux, over m247, known as a proxy.",
      "In Okta's words: User login to Okta; INVALID_CREDENTIALS.",
    ],
  ],
])("%s", (_, more, told) => expect(story(alert(more), true)).toEqual(told));

test.each([
  ["https://example.org/a", "https://example.org/a"],
  ["javascript:alert(1)", undefined],
  ["data:text/html,x", undefined],
  ["no link", undefined],
])("%s may be linked to: %s", (text, link) => expect(safeLink(text)).toBe(link));
