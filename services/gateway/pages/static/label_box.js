// A field to type a label in, with those that there are offered below it. New ones are allowed.

import { fill, h } from "./dom.js";

const MOST = 8;
const folded = (text) => text.normalize("NFC").trim().toLocaleLowerCase();

/** The labels that fit what was typed, those that begin with it first; then what was typed, when it is new. */
export function matching(labels, typed) {
  const wanted = folded(typed);
  if (!wanted) return labels.slice(0, MOST).map((label) => ({ label, isNew: false }));
  const begins = labels.filter((label) => folded(label).startsWith(wanted));
  const holds = labels.filter((label) => !begins.includes(label) && folded(label).includes(wanted));
  const found = [...begins, ...holds].slice(0, MOST).map((label) => ({ label, isNew: false }));
  const exact = found.some((each) => each.label === typed.trim());
  const same = found.find((each) => folded(each.label) === wanted);
  if (same) found.sort((one, other) => (other === same) - (one === same));
  return exact ? found : [...found, { label: typed.trim(), isNew: true }];
}

let counter = 0;

/** The box; `labels()` gives what there is, `choose(label)` is called with what was picked, `leave()` on Escape. */
export function labelBox({ labels, choose, leave = () => {}, caption = "Label" }) {
  const id = `labels-${++counter}`;
  let options = [];
  let active = 0;
  const list = h("ul", { id, role: "listbox", class: "options", hidden: true, "aria-label": "Labels that fit" });
  const input = h("input", {
    type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list",
    "aria-label": caption, autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 1000,
    placeholder: "Type a label", oninput: () => { active = 0; draw(); }, onfocus: () => draw(), onkeydown: onKey,
    onblur: () => setTimeout(close, 150),
  });

  function draw() {
    options = matching(labels(), input.value);
    fill(list, options.map((each, at) =>
      h("li", { id: `${id}-${at}`, role: "option", "aria-selected": String(at === active), onpointerdown: (event) => { event.preventDefault(); pick(at); } },
        each.isNew ? [h("span", { class: "quiet" }, "new "), each.label] : each.label)));
    list.hidden = options.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (list.hidden) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `${id}-${active}`);
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  }

  function pick(at) {
    const picked = options[at]?.label;
    if (!picked) return;
    input.value = "";
    close();
    input.blur();
    choose(picked);
  }

  function onKey(event) {
    event.stopPropagation();
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options.length) {
      active = (active + step + options.length) % options.length;
      draw();
      event.preventDefault();
    } else if (event.key === "Enter" && input.value.trim()) {
      event.preventDefault();
      pick(active);
    } else if (event.key === "Escape") {
      input.value = "";
      close();
      input.blur();
      leave();
    }
  }

  const start = (text) => {
    input.value = text;
    active = 0;
    input.focus();
    draw();
  };
  return { element: h("div", { class: "label-box" }, input, list), start, input };
}
