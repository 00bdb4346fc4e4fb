/** What an alert is about, told in sentences. Each part is told only where the alert has it. */

import type { AlertDetail, NamedEntity } from "./api/types";
import { count } from "./text";
import { show, span } from "./time";

const nameOf = (entity: NamedEntity | undefined) => entity?.name ?? entity?.id;

/** Who did what to whom from where, how often and when: one sentence each. */
export function story(alert: AlertDetail, utc: boolean): string[] {
  const { actor, user, target_user, app, source_ip, place, session, api_token } = alert.entities;
  const told: string[] = [];
  const who = nameOf(actor) ?? nameOf(user);
  const whom = nameOf(target_user) ?? (nameOf(user) === who ? undefined : nameOf(user));
  const from = [source_ip, place && (source_ip ? `in ${place}` : place)].filter(Boolean).join(", ");
  if (who !== undefined) {
    const parts = [`It was done by ${who}`];
    if (actor?.type && actor.type !== "User") parts.push(`(${actor.type})`);
    if (whom !== undefined) parts.push(`to ${whom}`);
    if (nameOf(app) !== undefined) parts.push(`with ${nameOf(app)}`);
    if (from) parts.push(`from ${from}`);
    told.push(`${parts.join(" ")}.`);
  } else if (from) {
    told.push(`It came from ${from}.`);
  }
  const { correlation } = alert;
  if (correlation) {
    const length = Date.parse(correlation.last) - Date.parse(correlation.first);
    const took = length >= 1000 ? ` within ${span(length)}` : "";
    told.push(
      `${count(alert.event_count, "event")} came together${took}, from ` +
        `${show(correlation.first, "short", utc)} on; the rule looks at ${correlation.timespan}.`,
    );
  } else if (alert.event_count > 1) {
    told.push(`It is about ${count(alert.event_count, "event")}.`);
  }
  if (alert.count > 1) {
    told.push(
      `It has happened ${alert.count.toLocaleString("en")} times, last on ` +
        `${show(alert.last_time, "short", utc)}.`,
    );
  }
  if (api_token) told.push("An API token was used.");
  else if (session && alert.event_count === 1)
    told.push("It happened in a session whose other events can be looked at.");
  return told;
}

/** The address of another site, if it is one that may be linked to. */
export function safeLink(text: string): string | undefined {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}
