"""The part of the TypeScript client that is the same for every project; it reads the table `Routes` that stands before it."""

__all__ = ["CLIENT", "CLIENT_NAMES"]

CLIENT_NAMES = (
    "ApiError", "Arguments", "CallOptions", "ClientSettings", "Method", "PartOf", "Problem", "Routes", "RoutesWith", "Values",
    "api", "basePath", "createClient", "fillRoute", "fillSegment", "holdsFile", "isProblem", "readData", "send", "trailingSlash",
    "writeForm", "writeQuery",
)  # fmt: skip

CLIENT = r"""/** What did not fit, as problem details (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors: { path: string; reason: string }[];
}

/** Any answer with a status outside of 200 to 299. */
export class ApiError extends Error {
  readonly status: number;
  /** The answer's body: a value if it was JSON, else its text. */
  readonly data: unknown;
  /** What did not fit, when that is why the request was refused. */
  readonly problem: Problem | undefined;
  readonly response: Response;

  constructor(response: Response, data: unknown) {
    const problem = isProblem(data) ? data : undefined;
    super(`${response.status} ${problem?.detail ?? response.statusText}`.trim());
    this.name = "ApiError";
    this.status = response.status;
    this.data = data;
    this.problem = problem;
    this.response = response;
  }
}

/** What `fetch` takes beside params, query and body: `signal`, `headers`, `cache` and so on. */
export type CallOptions = Omit<RequestInit, "body" | "method">;

export interface ClientSettings {
  /** What stands before the route, such as "https://example.org"; nothing for the page's own server. */
  baseUrl?: string;
  fetch?: typeof globalThis.fetch;
  /** Header fields of every request, or a function that gives them. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
}

type Method = "get" | "post" | "put" | "patch" | "delete";
type Values = Record<string, unknown>;
type RoutesWith<M extends Method> = { [R in keyof Routes]: M extends keyof Routes[R] ? R : never }[keyof Routes];
type PartOf<R extends keyof Routes, M extends Method, P extends string> =
  Routes[R] extends Record<M, Record<P, infer T>> ? T : never;
type Arguments<O> = {} extends O ? [options?: O & CallOptions] : [options: O & CallOptions];

/** Make a client of your own: for another server, with header fields, or with another `fetch`. */
export function createClient(settings: ClientSettings = {}) {
  const method =
    <M extends Method>(name: M) =>
    <R extends RoutesWith<M>>(route: R, ...rest: Arguments<PartOf<R, M, "options">>): Promise<PartOf<R, M, "data">> =>
      send(settings, name, route, (rest[0] ?? {}) as Values) as Promise<PartOf<R, M, "data">>;
  return {
    get: method("get"),
    post: method("post"),
    put: method("put"),
    patch: method("patch"),
    delete: method("delete"),
  };
}

/** The client for the server that the page came from. */
export const api = createClient();

async function send(settings: ClientSettings, method: Method, route: string, options: Values): Promise<unknown> {
  const { params, query, body, headers, ...rest } = options;
  const url = (settings.baseUrl ?? "") + basePath + fillRoute(route, (params ?? {}) as Values) + writeQuery((query ?? {}) as Values);
  const fields = new Headers(typeof settings.headers === "function" ? await settings.headers() : settings.headers);
  new Headers(headers as HeadersInit | undefined).forEach((value, name) => fields.set(name, value));
  let payload: BodyInit | null = null;
  if (body instanceof Blob || body instanceof ArrayBuffer) {
    payload = body;
  } else if (holdsFile(body)) {
    payload = writeForm(body as Values);
  } else if (body !== undefined) {
    payload = JSON.stringify(body);
    if (!fields.has("content-type")) fields.set("content-type", "application/json");
  }
  const ask = settings.fetch ?? globalThis.fetch;
  const response = await ask(url, { ...rest, method: method.toUpperCase(), headers: fields, body: payload });
  const data = await readData(response);
  if (!response.ok) throw new ApiError(response, data);
  return data;
}

function fillRoute(route: string, params: Values): string {
  const path = route
    .split("/")
    .flatMap((segment) => {
      const match = /^\[(\[?)(?:\.\.\.)?([^[\]]+)\]{1,2}$/.exec(segment);
      if (match === null) return [encodeURIComponent(segment)];
      const value = params[match[2] as string];
      const values: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
      if (values.length === 0 && match[1] === "") throw new TypeError(`${route} needs the parameter ${match[2]}.`);
      return values.map((each) => fillSegment(route, String(each)));
    })
    .join("/");
  // A server with that setting sends a file's name, which has a dot, to the path without the slash.
  return trailingSlash && !path.slice(path.lastIndexOf("/")).includes(".") ? `${path}/` : path;
}

function fillSegment(route: string, value: string): string {
  // Either of them would make it the URL of another route.
  if (value === "" || value === "." || value === "..") throw new TypeError(`A parameter of ${route} cannot be "${value}".`);
  return encodeURIComponent(value);
}

function writeQuery(query: Values): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null) search.append(name, String(each));
    }
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

function holdsFile(body: unknown): boolean {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  return Object.values(body).some((each) => (Array.isArray(each) ? each : [each]).some((one) => one instanceof Blob));
}

function writeForm(body: Values): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each instanceof Blob) form.append(name, each);
      else if (each !== undefined && each !== null) form.append(name, typeof each === "object" ? JSON.stringify(each) : String(each));
    }
  }
  return form;
}

async function readData(response: Response): Promise<unknown> {
  const type = response.headers.get("content-type") ?? "";
  if (response.status === 204 || response.status === 205) return undefined;
  if (type !== "" && !/^text\/|[/+]json\b/i.test(type)) return await response.blob();
  const text = await response.text();
  if (!/[/+]json\b/i.test(type)) return text === "" && type === "" ? undefined : text;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (response.ok) throw error;
    return text;
  }
}

function isProblem(data: unknown): data is Problem {
  return typeof data === "object" && data !== null && "title" in data && "errors" in data && Array.isArray(data.errors);
}
"""
