// Calls of the REST API with the session's cookie. The header tells the server that one of its own pages calls.

export class ApiError extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const NAMESPACE = "likeness.namespace";

export const namespace = () => localStorage.getItem(NAMESPACE) ?? "";
export const setNamespace = (name) => localStorage.setItem(NAMESPACE, name);

export async function request(method, path, body) {
  const headers = { "X-Likeness-Page": "1" };
  if (namespace()) headers["X-Namespace"] = namespace();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, "The server cannot be reached.", "OFFLINE");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    const error = answer?.error ?? {};
    throw new ApiError(response.status, error.message ?? response.statusText, error.code ?? "");
  }
  return answer;
}

export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);

export const collectionPath = (name) => `/v1/collections/${encodeURIComponent(name)}`;

/** A link to a file as an address of this very server, whatever name it gave itself. */
export function local(link) {
  if (!link) return null;
  const url = new URL(link, location.href);
  return url.pathname + url.search;
}

/** A path with a query of what is given. */
export function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
