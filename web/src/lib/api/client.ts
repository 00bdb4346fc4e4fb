/** Requests to the API, and the problems it answers with. */

import type { ProblemDocument } from "./types";

/** Why a request was not answered: the server's problem document, or that there was no answer. */
export class Problem extends Error {
  readonly status: number;
  readonly document: ProblemDocument;

  constructor(document: ProblemDocument) {
    super(document.detail || document.title);
    this.status = document.status;
    this.document = document;
  }

  get code(): string | undefined {
    return this.document.code;
  }

  /** From whatever was thrown. */
  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const detail = error instanceof Error ? error.message : String(error);
    return new Problem({ title: "Unexpected", status: 0, detail });
  }
}

/** Whether a request was given up by whoever made it. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export type Param = string | number | boolean | null | undefined | readonly string[];

/** Parameters as the API reads them: lists with commas, what is empty left out. */
export function searchParams(params: Record<string, Param>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    const text = Array.isArray(value) ? value.join(",") : (value ?? "");
    if (text !== "") search.set(name, String(text));
  }
  const text = search.toString();
  return text && `?${text}`;
}

type Listener = (problem: Problem) => void;
let csrfToken: string | null = null;
let unauthenticated: Listener = () => undefined;
let renewCsrfToken: () => Promise<void> = () => Promise.resolve();

/** Takes the token that changes are sent with. */
export function useCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** How the token is had anew, when the server no longer takes the old one. */
export function onCsrfRefused(renew: () => Promise<void>): void {
  renewCsrfToken = renew;
}

/** Who is told when the session is over. */
export function onUnauthenticated(listener: Listener): void {
  unauthenticated = listener;
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback: ProblemDocument = {
    title: response.statusText || "Error",
    status: response.status,
    detail: `the server answered ${response.status} ${response.statusText}`.trim(),
  };
  if (!response.headers.get("Content-Type")?.includes("json")) return new Problem(fallback);
  const document: unknown = await response.json().catch(() => null);
  if (typeof document !== "object" || document === null) return new Problem(fallback);
  return new Problem({ ...fallback, ...document, status: response.status });
}

async function request<T>(
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
  isRepeated = false,
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET" && csrfToken !== null) headers["X-CSRF-Token"] = csrfToken;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem({
      title: "No answer",
      status: 0,
      detail: "Wardgate cannot be reached: is it still running?",
    });
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.code === "csrf" && !isRepeated) {
      await renewCsrfToken();
      return request(method, path, body, signal, true);
    }
    if (problem.status === 401 && problem.code !== "wrong-credentials") unauthenticated(problem);
    throw problem;
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const api = {
  get: <T>(path: string, params: Record<string, Param> = {}, signal?: AbortSignal) =>
    request<T>("GET", path + searchParams(params), undefined, signal),
  post: <T>(path: string, body?: unknown, signal?: AbortSignal) =>
    request<T>("POST", path, body, signal),
  put: <T>(path: string, body: unknown) => request<T>("PUT", path, body, undefined),
  patch: <T>(path: string, body: unknown) => request<T>("PATCH", path, body, undefined),
  delete: <T = void>(path: string) => request<T>("DELETE", path, undefined, undefined),
};

/** A part of a path. */
export const segment = (text: string) => encodeURIComponent(text);

/** Has the browser save an answer as a file. */
export function download(path: string, params: Record<string, Param>): void {
  const link = document.createElement("a");
  link.href = `/api/v1${path}${searchParams(params)}`;
  link.download = "";
  link.click();
}
