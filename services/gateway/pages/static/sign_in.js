// Signing in: with a link that is good once, or with an API key.

import { post } from "./api.js";
import { fill, h } from "./dom.js";

export const signedOut = true;

export async function show(content) {
  const link = new URLSearchParams(location.hash.slice(1)).get("once");
  if (!link) return fill(content, form());
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await post("/sign-in", { link });
    location.replace(next());
  } catch (error) {
    fill(content, form(error.message));
  }
}

/** Where to go afterwards: a path of this server alone. */
export function next() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(wanted) ? wanted : "/";
}

function form(message = "") {
  const key = h("input", { id: "key", name: "key", type: "password", autocomplete: "current-password", required: true, placeholder: "sk_…", "aria-describedby": "fault" });
  const fault = h("p", { id: "fault", class: "fault", role: "alert" }, message);
  const submit = async (event) => {
    event.preventDefault();
    fault.textContent = "";
    try {
      await post("/sign-in", { api_key: key.value });
      location.replace(next());
    } catch (error) {
      fault.textContent = error.message;
      key.select();
    }
  };
  return h("form", { class: "card sign-in", onsubmit: submit },
    h("h1", {}, "Sign in"),
    h("p", { class: "quiet" }, "With an API key of this server. ", h("code", {}, "likeness up"), " prints where yours is, and a link that signs in by itself."),
    h("label", { for: "key" }, "API key"), key, fault,
    h("button", { type: "submit", class: "primary" }, "Sign in"));
}
