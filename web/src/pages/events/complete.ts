/** What could come next in a query: names of fields, and values that are stored. */

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";

import { api, segment } from "$lib/api/client";
import type { FieldInfo, FieldValues } from "$lib/api/types";
import { fields } from "$lib/fields.svelte";
import { quote, typing } from "$lib/query/query";
import { plain } from "$lib/text";

/** Fields that come first, since most questions begin with them. */
const USUAL = [
  "user.name",
  "event.action",
  "event.outcome",
  "source.ip",
  "source.geo.country_name",
];

/** Fields whose name, or any part of it, begins like what was typed. */
export function fieldOptions(list: readonly FieldInfo[], prefix: string): Completion[] {
  const wanted = prefix.toLowerCase();
  return list
    .filter((field) => field.searchable)
    .filter((field) => {
      const name = field.name.toLowerCase();
      return name.startsWith(wanted) || name.split(/[._]/).some((part) => part.startsWith(wanted));
    })
    .map((field) => ({
      label: field.name,
      apply: `${field.name}:`,
      detail: field.type,
      info: field.description,
      type: "property",
      boost:
        (USUAL.includes(field.name) ? 20 : 0) +
        (wanted && field.name.toLowerCase().startsWith(wanted) ? 10 : 0),
    }));
}

export function valueOptions(values: FieldValues["values"]): Completion[] {
  return values.map(({ value, count }, place) => ({
    label: value,
    displayLabel: plain(value, 80),
    apply: quote(value),
    detail: count > 0 ? count.toLocaleString("en") : "",
    type: "text",
    boost: -place,
  }));
}

async function valuesOf(field: FieldInfo, prefix: string, signal: AbortSignal) {
  if (field.values && !field.countable) return field.values.map((value) => ({ value, count: 0 }));
  const path = `/fields/${segment(field.name)}/values`;
  const answer = await api.get<FieldValues>(path, { prefix, limit: 30 }, signal);
  const known = field.values ?? [];
  const seen = new Set(answer.values.map((one) => one.value));
  const rest = known
    .filter((value) => !seen.has(value) && value.toLowerCase().startsWith(prefix.toLowerCase()))
    .map((value) => ({ value, count: 0 }));
  return [...answer.values, ...rest];
}

export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const query = context.state.doc.toString();
  const typed = typing(query, context.pos);
  if (!typed) return null;
  if (typed.what === "field") {
    if (!typed.prefix && !context.explicit) return null;
    await fields.load();
    const options = fieldOptions(fields.list, typed.prefix);
    return { from: typed.from, options, filter: false };
  }
  await fields.load();
  const field = fields.byName.get(typed.field);
  if (!field?.countable && !field?.values) return null;
  const given = new AbortController();
  context.addEventListener("abort", () => given.abort());
  try {
    const values = await valuesOf(field, typed.prefix, given.signal);
    return { from: typed.from, options: valueOptions(values), filter: false };
  } catch {
    // Completion is a help: what goes wrong with it is nothing to be told of.
    return null;
  }
}
