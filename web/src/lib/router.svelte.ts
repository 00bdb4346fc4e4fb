/** Where in the desk one is. Everything that a page shows is in its URL, so that it can be shared. */

/** Each page's path; `:name` stands for a part that varies. */
export const PATHS = {
  overview: "/",
  alerts: "/alerts",
  alert: "/alerts/:id",
  events: "/events",
  event: "/events/:id",
  entities: "/entities/:kind",
  entity: "/entities/:kind/:id",
  rules: "/rules",
  coverage: "/rules/coverage",
  bench: "/rules/bench",
  exceptions: "/rules/exceptions",
  rule: "/rules/:id",
  intakes: "/intakes",
  intelligence: "/intelligence",
  settings: "/settings",
  audit: "/audit",
  signIn: "/sign-in",
  setup: "/setup",
} as const;

export type PageName = keyof typeof PATHS;

export interface Match {
  page: PageName | null;
  params: Record<string, string>;
}

/** The page that a path leads to. Of two that match, the one that stands first in [`PATHS`]. */
export function match(path: string): Match {
  const wanted = path.split("/").filter(Boolean);
  for (const [page, pattern] of Object.entries(PATHS)) {
    const parts = pattern.split("/").filter(Boolean);
    if (parts.length !== wanted.length) continue;
    const params: Record<string, string> = {};
    const fits = parts.every((part, index) => {
      const given = wanted[index] ?? "";
      if (!part.startsWith(":")) return part === given;
      try {
        params[part.slice(1)] = decodeURIComponent(given);
      } catch {
        return false;
      }
      return true;
    });
    if (fits) return { page: page as PageName, params };
  }
  return { page: null, params: {} };
}

export type Query = Record<string, string | null | undefined>;

/** A path with parameters; what is empty is left out. */
export function href(
  page: PageName,
  params: Record<string, string> = {},
  query: Query = {},
): string {
  const path = PATHS[page].replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ""),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

class Router {
  #url = $state.raw(new URL(location.href));
  readonly match = $derived(match(this.#url.pathname));

  get path(): string {
    return this.#url.pathname;
  }
  get search(): string {
    return this.#url.search;
  }
  get params(): Record<string, string> {
    return this.match.params;
  }

  /** A parameter behind the `?`. */
  get(name: string): string | null {
    return this.#url.searchParams.get(name);
  }
  /** A parameter that is a list with commas. */
  list(name: string): string[] {
    return this.get(name)?.split(",").filter(Boolean) ?? [];
  }

  go(to: string, { replace = false, keepScroll = false } = {}): void {
    const url = new URL(to, location.href);
    if (url.href === location.href) return;
    history[replace ? "replaceState" : "pushState"](null, "", url);
    const isOther = url.pathname !== this.#url.pathname;
    this.#url = url;
    if (isOther && !keepScroll) window.scrollTo(0, 0);
  }

  /** Changes parameters behind the `?` and stays on the page. */
  set(query: Query, replace = false): void {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(query)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    this.go(url.href, { replace, keepScroll: true });
  }

  /** Follows the browser's buttons and the clicks on links of the desk. Gives what ends that. */
  start(): () => void {
    const onPop = () => (this.#url = new URL(location.href));
    const onClick = (event: MouseEvent) => {
      if (event.defaultPrevented || event.button !== 0) return;
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const link = (event.target as Element | null)?.closest?.("a");
      if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin)
        return;
      if (link.pathname.startsWith("/api/") || link.dataset.native !== undefined) return;
      if (link.hash && link.pathname === location.pathname && link.search === location.search)
        return;
      event.preventDefault();
      this.go(link.href);
    };
    addEventListener("popstate", onPop);
    document.addEventListener("click", onClick);
    return () => {
      removeEventListener("popstate", onPop);
      document.removeEventListener("click", onClick);
    };
  }
}

export const router = new Router();
