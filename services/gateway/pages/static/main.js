// Which page an address means, and the bar above all of them.

import { ApiError, get, namespace, post, setNamespace } from "./api.js";
import { button, fill, h, notify } from "./dom.js";

const PAGES = [
  [/^\/$/, () => import("./collections.js")],
  [/^\/progress$/, () => import("./progress.js")],
  [/^\/sign-in$/, () => import("./sign_in.js")],
  [/^\/review\/([^/]+)$/, () => import("./review/page.js")],
  [/^\/labels\/([^/]+)$/, () => import("./labels.js")],
  [/^\/clusters\/([^/]+)$/, () => import("./clusters/page.js")],
  [/^\/document\/([^/]+)\/([^/]+)$/, () => import("./document.js")],
];
const content = document.getElementById("content");

async function start() {
  const path = location.pathname.replace(/(.)\/$/, "$1");
  for (const [pattern, load] of PAGES) {
    const found = pattern.exec(path);
    if (found) return open(load, found.slice(1).map(decodeURIComponent));
  }
  fill(content, h("h1", {}, "There is no such page"), h("p", {}, h("a", { href: "/" }, "To your collections")));
}

async function open(load, values) {
  const page = await load();
  showBar(page.signedOut);
  try {
    await page.show(content, ...values);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) return location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
    fill(content, h("section", { class: "empty" }, h("h1", {}, "That did not work"), h("p", {}, error.message),
      button("Try again", () => location.reload()), " ", h("a", { href: "/" }, "To your collections")));
  }
}

function showBar(signedOut) {
  const bar = document.getElementById("bar");
  const home = h("a", { href: "/", class: "home", "aria-label": "Likeness: your collections" }, h("span", { class: "mark" }), "Likeness");
  if (signedOut) return fill(bar, home);
  const end = h("div", { class: "end" });
  fill(bar, home, h("nav", { id: "crumbs", "aria-label": "Where you are" }), end);
  fill(end, h("a", { href: "/progress" }, "Tasks"), h("a", { href: "/docs" }, "API"), button("Sign out", signOut, { kind: "plain" }));
  showNamespaces(end);
}

async function showNamespaces(end) {
  const listed = await post("/v1/namespaces/list").catch(() => null);
  const names = (listed?.results ?? []).map((each) => each.namespace_name);
  if (names.length < 2) return;
  const options = names.map((name) => h("option", { value: name, selected: name === (namespace() || "default") }, name));
  const choose = (event) => { setNamespace(event.target.value); location.assign("/"); };
  end.prepend(h("label", {}, h("span", { class: "quiet" }, "Namespace "), h("select", { onchange: choose }, options)));
}

async function signOut() {
  await post("/sign-out").catch((error) => notify(error.message));
  location.assign("/sign-in");
}

start().catch((error) => {
  console.error(error);
  notify(`Something went wrong on this page: ${error.message}`, { kind: "bad", seconds: 0 });
});
