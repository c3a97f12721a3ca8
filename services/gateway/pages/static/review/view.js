// What a review shows: the pictures of a group, and what may be said of them.

import { local } from "../api.js";
import { button, fill, h, percent, plural } from "../dom.js";
import { KEYS } from "./keys.js";

const SOURCES = { human: "a person", import: "an import", auto: "a machine" };

/** Columns in which so many pictures can be seen at once. */
export const columnsFor = (count) => (count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : count <= 16 ? 4 : 6);

/** What to look at of a document: its picture, or its words. */
export function look(each, alt) {
  if (each.picture) return h("img", { src: local(each.picture), alt, decoding: "sync", draggable: "false" });
  if (each.text) return h("p", { class: "words" }, each.text);
  return h("p", { class: "words quiet" }, each.filename ?? each.document_id);
}

export const nameOf = (each) => each.filename ?? (each.text ? each.text.slice(0, 60) : each.document_id);

export function pictures(group, selected, select) {
  const items = group.documents.map((each, at) =>
    h("li", {
      role: "option", class: "picture", id: `picture-${at}`, "aria-selected": String(selected === null || selected === at),
      onclick: () => select(at === selected ? null : at),
    }, look(each, nameOf(each)), label(each)));
  return h("ul", {
    role: "listbox", class: selected === null ? "grid whole" : "grid one", tabindex: "0", "aria-multiselectable": "true",
    "aria-label": `${plural(group.documents.length, "picture")} that look alike`, vars: { "--columns": columnsFor(group.documents.length) },
    "aria-activedescendant": selected === null ? null : `picture-${selected}`,
  }, items);
}

function label(each) {
  if (!each.label) return null;
  const sure = each.score === null ? "" : ` ${percent(each.score)}`;
  return h("span", { class: `tag ${each.label_source ?? ""}` }, each.label + sure);
}

export function suggestions(group, choose) {
  if (!group.suggestions.length) return null;
  const items = group.suggestions.map((each, at) =>
    h("li", {},
      h("button", { type: "button", class: at ? "suggestion" : "suggestion first", onclick: (event) => choose(at, event), "aria-keyshortcuts": at ? String(at + 1) : "Enter 1" },
        h("kbd", { "aria-hidden": "true" }, at ? String(at + 1) : "↵"),
        h("span", { class: "name" }, each.label),
        each.recent ? h("span", { class: "quiet" }, "lately") : h("span", { class: "quiet", title: `the nearest example is alike by ${percent(each.score)}` }, percent(each.votes))),
      at < 3 ? evidence(each) : null));
  return h("ol", { class: "suggestions", "aria-label": "What it may be" }, items);
}

function evidence(suggestion) {
  const shown = suggestion.evidence.filter((each) => each.picture || each.text);
  if (!shown.length) return null;
  return h("ul", { class: "evidence", "aria-label": `Examples of ${suggestion.label}` }, shown.map((each) => {
    const said = `labelled “${suggestion.label}” by ${SOURCES[each.label_source] ?? "somebody"}, alike by ${percent(each.score)}`;
    return h("li", { title: said }, look(each, said), h("span", { class: "score" }, percent(each.score)));
  }));
}

export function help() {
  const dialog = h("dialog", { "aria-labelledby": "keys-title" },
    h("h2", { id: "keys-title" }, "Keys"),
    h("dl", { class: "keys" }, KEYS.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("form", { method: "dialog" }, h("button", { class: "primary" }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Asks for a key without leaving the page; resolves when signed in. */
export function signInHere(message, post) {
  if (document.querySelector("dialog.sign-in-again")) return Promise.resolve(false);
  return new Promise((done) => {
    const key = h("input", { type: "password", id: "again", autocomplete: "current-password", required: true, placeholder: "sk_…" });
    const fault = h("p", { class: "fault", role: "alert" }, message);
    const submit = async (event) => {
      event.preventDefault();
      try {
        await post("/sign-in", { api_key: key.value });
        dialog.close();
        done(true);
      } catch (error) {
        fault.textContent = error.message;
      }
    };
    const dialog = h("dialog", { class: "sign-in-again", "aria-labelledby": "again-title" }, h("form", { onsubmit: submit },
      h("h2", { id: "again-title" }, "Sign in again"),
      h("p", {}, "Nothing is lost: what you decided is kept here and sent as soon as you are back."),
      h("label", { for: "again" }, "API key"), key, fault,
      h("button", { type: "submit", class: "primary" }, "Sign in")));
    dialog.addEventListener("close", () => { dialog.remove(); done(false); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function ended(kind, reload) {
  const words = {
    unlabelled: ["All done", "Nothing waits for a label here."],
    unsure: ["Nothing unsure", "No label of a machine is under the limit and unchecked."],
    wrong: ["Nothing called wrong", "No label stands that somebody has called wrong."],
    ignored: ["Nothing ignored", "What you ignore in a review can be found here."],
  }[kind] ?? ["Nothing here", ""];
  return h("section", { class: "empty" }, h("h1", {}, words[0]), h("p", {}, words[1]),
    h("p", {}, button("Look again", reload), " ", h("a", { href: "/" }, "To your collections")));
}

export function actionsBar(actions) {
  return h("div", { class: "actions", role: "group", "aria-label": "Other decisions" },
    button("Unknown", actions.unknown, { key: "u", title: "Leave it unknown for now" }),
    button("Ignore", actions.ignore, { key: "i", title: "Never ask about it again" }),
    button("Take out", actions.setApart, { key: "x", title: "Take the selected one out of the group" }),
    button("Undo", actions.undo, { key: "z" }),
    button("Back", actions.previous, { key: "k", title: "The group before" }),
    button("Later", actions.next, { key: "j", title: "The next group; this one comes again" }),
    button("Keys", actions.help, { key: "?" }));
}

export { fill };
