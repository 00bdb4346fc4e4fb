/** What an alert is about, told in sentences. Each part is told only where the alert has it. */

import type { AlertDetail, Document, NamedEntity } from "./api/types";
import { count } from "./text";
import { show, span } from "./time";

const nameOf = (entity: NamedEntity | undefined) => entity?.name ?? entity?.id;

/** Who did what to whom from where, how often and when: one sentence each. */
export function story(alert: AlertDetail, utc: boolean): string[] {
  const { actor, user, target_user, app, source_ip, place, api_token } = alert.entities;
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
    told.push(`${parts.join(" ")}${means(alert)}.`);
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
  const words = inOktasWords(alert);
  if (words) told.push(words);
  return told;
}

const at = (record: Document, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>(
      (value, name) =>
        typeof value === "object" && value !== null ? (value as Document)[name] : undefined,
      record,
    );

/** A text in a record, by its field. */
function textOf(record: Document, path: string): string | undefined {
  const value = at(record, path);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The record of the event that the alert is about. */
const recordOf = (alert: AlertDetail) => alert.events.findLast((event) => event.is_whole)?.record;

/** With what program, and over whose network. */
function means(alert: AlertDetail): string {
  const record = recordOf(alert);
  if (!record) return "";
  const program = textOf(record, "user_agent.name");
  const system = textOf(record, "user_agent.os.name");
  const network = textOf(record, "source.as.organization.name");
  const isProxy = at(record, "okta.system.security_context.is_proxy") === true;
  const told: string[] = [];
  if (program && program !== "Other")
    told.push(`with ${program}${system && system !== "Other" ? ` on ${system}` : ""}`);
  if (network || isProxy)
    told.push(`over ${network ?? "a network"}${isProxy ? ", known as a proxy" : ""}`);
  return told.length > 0 ? `, ${told.join(", ")}` : "";
}

function inOktasWords(alert: AlertDetail): string {
  const record = recordOf(alert);
  if (!record) return "";
  const said = [textOf(record, "event.reason"), textOf(record, "okta.system.outcome.reason")];
  const words = said.filter((text) => text !== undefined);
  return words.length > 0 ? `In Okta's words: ${words.join("; ")}.` : "";
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
