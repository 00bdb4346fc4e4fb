/** Keys that are commands: what a page offers while it is there, and what `?` shows. */

import { untrack } from "svelte";

import { prefs } from "./prefs.svelte";

export interface Shortcut {
  /** What is pressed: `j`, `?`, `Enter`, `Shift+X`, or two keys such as `g a`. */
  keys: string;
  label: string;
  run: (event: KeyboardEvent) => void;
  /** Not in the list of `?`, such as a second key for the same. */
  quiet?: boolean;
}

export interface Group {
  name: string;
  shortcuts: Shortcut[];
}

/** How long the second of two keys is waited for, in milliseconds. */
const PATIENCE = 1200;

class Keys {
  groups = $state.raw<Group[]>([]);
  #first: { key: string; at: number } | null = null;

  /** Offers commands until what it gives is called. Call it in an `$effect`. */
  offer(name: string, shortcuts: Shortcut[]): () => void {
    const group = { name, shortcuts };
    // Whoever offers does not want to be told of what others offer.
    untrack(() => (this.groups = [...this.groups, group]));
    return () => {
      untrack(() => (this.groups = this.groups.filter((other) => other !== group)));
    };
  }

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.isComposing || isTyping(event)) return;
    const key = event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
    // Keys with names, such as Enter, are typed by nobody by accident.
    if (!prefs.keys && key.length === 1) return;
    const first = this.#first;
    this.#first = null;
    const both = first && event.timeStamp - first.at < PATIENCE ? `${first.key} ${key}` : null;
    const shortcut = (both && this.#find(both)) || this.#find(key);
    if (shortcut) {
      event.preventDefault();
      shortcut.run(event);
      return;
    }
    const begins = this.groups.some((group) =>
      group.shortcuts.some((shortcut) => shortcut.keys.startsWith(`${key} `)),
    );
    if (begins) this.#first = { key, at: event.timeStamp };
  }

  /** What was offered last comes first: a dialog's before the page's. */
  #find(keys: string): Shortcut | undefined {
    for (const group of this.groups.toReversed()) {
      const found = group.shortcuts.find((shortcut) => shortcut.keys === keys);
      if (found) return found;
    }
    return undefined;
  }
}

/** Whether a key goes into a text, or belongs to a control or dialog. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  if (target.closest('[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]'))
    return true;
  if (target instanceof HTMLInputElement) {
    const isText = !["checkbox", "radio", "button", "submit", "reset"].includes(target.type);
    return isText || event.key === " ";
  }
  if (target.closest("textarea, select, [contenteditable]:not([contenteditable='false'])"))
    return true;
  // Buttons and links are pressed with these.
  return (
    (event.key === "Enter" || event.key === " ") && target.closest("button, a, summary") !== null
  );
}

export const keys = new Keys();
