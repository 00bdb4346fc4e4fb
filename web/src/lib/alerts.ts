/** What is done with alerts, from the list and from the page of one. */

import { api, segment } from "./api/client";
import type {
  AlertChange,
  AlertDetail,
  AlertState,
  AlertSummary,
  BulkAnswer,
  Verdict,
} from "./api/types";
import { count, words } from "./text";

export const OPEN: readonly AlertState[] = ["new", "acknowledged"];

export const VERDICTS: { value: Verdict; label: string; about: string }[] = [
  { value: "true_positive", label: "True positive", about: "it was an attack" },
  { value: "benign", label: "Benign", about: "it is what the rule looks for, and harmless" },
  { value: "false_positive", label: "False positive", about: "the rule was wrong" },
];

/** The list that an alert was opened from, so that one can go on to the next. */
export const trail: { ids: readonly string[]; search: string; last: string | null } = {
  ids: [],
  search: "",
  last: null,
};

export function beside(id: string, by: 1 | -1): string | undefined {
  const place = trail.ids.indexOf(id);
  return place < 0 ? undefined : trail.ids[place + by];
}

/** Changes one alert or many. Gives how many were changed. Throws the first problem. */
export async function changeAll(ids: readonly string[], change: AlertChange): Promise<number> {
  const [only] = ids;
  if (only !== undefined && ids.length === 1) {
    await api.patch<AlertDetail>(`/alerts/${segment(only)}`, change);
    return 1;
  }
  const answer = await api.post<BulkAnswer>("/alerts/bulk", { ids, change });
  const [failed] = answer.failed;
  if (failed)
    throw new Error(`${count(answer.failed.length, "alert")} not changed: ${failed.problem}`);
  return answer.changed;
}

/** What a change did, for the message about it. */
export function told(number: number, change: AlertChange): string {
  const what = count(number, "alert");
  if (change.state === "closed") return `${what} closed: ${words(change.verdict ?? "")}`;
  if (change.state === "acknowledged") return `${what} acknowledged`;
  if (change.state === "new") return `${what} reopened`;
  if (change.assignee === null) return `${what} assigned to nobody`;
  if (change.assignee !== undefined) return `${what} assigned to you`;
  return `${what} changed`;
}

/** What takes a change back, if that can be said: a closed alert is as new as it was. */
export function undo(
  alerts: readonly AlertSummary[],
  change: AlertChange,
): AlertChange | undefined {
  const [first] = alerts;
  if (!first || change.state === undefined) return undefined;
  const isSame = alerts.every((alert) => alert.state === first.state);
  if (!isSame || first.state === "closed" || first.state === change.state) return undefined;
  return { state: first.state };
}
