/** What a person chose for this browser: theme, UTC, keys, columns. Kept in local storage. */

export type Theme = "system" | "light" | "dark";

const PREFIX = "wardgate.";

function read(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

function write(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Without storage a choice lasts as long as the page.
  }
}

const storedTheme = read("theme");

class Prefs {
  #theme = $state<Theme>(
    storedTheme === "light" || storedTheme === "dark" ? storedTheme : "system",
  );
  #utc = $state(read("utc") === "1");
  #keys = $state(read("keys") !== "0");

  get theme(): Theme {
    return this.#theme;
  }
  set theme(theme: Theme) {
    this.#theme = theme;
    write("theme", theme === "system" ? null : theme);
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  /** Dates in UTC, not in the browser's zone. */
  get utc(): boolean {
    return this.#utc;
  }
  set utc(utc: boolean) {
    this.#utc = utc;
    write("utc", utc ? "1" : null);
  }

  /** Single keys are commands. Whoever dictates or types by accident can switch that off. */
  get keys(): boolean {
    return this.#keys;
  }
  set keys(keys: boolean) {
    this.#keys = keys;
    write("keys", keys ? null : "0");
  }

  /** A list of names, such as the columns of a table. */
  list(name: string): string[] | undefined {
    const text = read(name);
    return text ? text.split(",") : undefined;
  }
  keep(name: string, list: readonly string[]): void {
    write(name, list.join(","));
  }
}

export const prefs = new Prefs();
