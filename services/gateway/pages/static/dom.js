// Elements made from values. Text is always set as text: nothing that a user named is ever read as HTML.

/** An element; `props` are attributes, `on...` listeners, `dataset`, CSS `vars`, and properties that start with a dot. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name.startsWith(".")) element[name.slice(1)] = value;
  // The policy of these pages allows no style attributes; custom properties are set one by one.
  else if (name === "vars") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** Replaces what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button with a label and, where it has one, its key. */
export function button(label, onclick, { key, kind, title, disabled, pressed } = {}) {
  return h(
    "button",
    { type: "button", class: kind, onclick, title, disabled, "aria-pressed": pressed, "aria-keyshortcuts": key },
    h("span", {}, label),
    key ? h("kbd", { "aria-hidden": "true" }, key) : null,
  );
}

/** Says something for a while, to eyes and to screen readers; `action` is {label, run}. */
export function notify(text, { kind = "", action = null, seconds = 6, id = null } = {}) {
  const place = document.getElementById("notices");
  if (id) place.querySelector(`[data-id="${id}"]`)?.remove();
  const notice = h("div", { class: `notice ${kind}`, dataset: id ? { id } : {} }, h("span", {}, text));
  const close = () => notice.remove();
  if (action) notice.append(button(action.label, () => { close(); action.run(); }, { kind: "plain" }));
  notice.append(h("button", { type: "button", class: "plain close", "aria-label": "Dismiss", onclick: close }, "×"));
  place.append(notice);
  if (seconds) setTimeout(close, seconds * 1000);
  return close;
}

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;
export const percent = (share) => `${Math.round(share * 100)} %`;
