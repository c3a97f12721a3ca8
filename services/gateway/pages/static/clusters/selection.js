// What is selected: how much, its documents to look at, and the box to name them.

import { button, fill, h, plural } from "../dom.js";
import { labelBox } from "../label_box.js";
import { nameOf } from "../review/view.js";
import { smallLook } from "./looks.js";

const PAGE = 48;
const SIDE = 240;

export class Selection {
  /** `actions`: name(label), select(ids), undo(), show(id or null). */
  constructor(collection, looks, actions) {
    Object.assign(this, { collection, looks, actions });
    this.ids = [];
    this.limit = PAGE;
    this.box = labelBox({ labels: actions.labels, choose: (label) => actions.name(label), caption: "Name what is selected" });
    this.box.input.placeholder = "Name them (/)";
    this.said = h("strong", { role: "status" });
    this.none = button("None", () => actions.select([]), { key: "Esc", kind: "plain" });
    this.head = h("div", { class: "row cluster-naming" }, this.said, this.box.element, this.none, button("Undo", () => actions.undo(), { key: "z" }));
    this.list = h("ul", { class: "cluster-members" });
    this.more = h("p", {});
    this.element = h("section", { class: "cluster-selected", "aria-label": "Selected documents" }, this.list, this.more);
  }

  show(ids, name = "") {
    this.ids = ids;
    this.limit = PAGE;
    this.said.textContent = ids.length ? `${ids.length.toLocaleString()} selected${name ? `: ${name}` : ""}` : "Nothing selected";
    this.box.element.hidden = this.none.hidden = !ids.length;
    this.element.hidden = !ids.length;
    return this.draw();
  }

  async draw() {
    const { ids } = this;
    const shown = ids.slice(0, this.limit);
    await this.looks.load(shown);
    if (ids !== this.ids) return;
    fill(this.list, shown.map((id) => this.item(id)));
    const rest = ids.length - shown.length;
    fill(this.more, rest > 0 ? button(plural(rest, "more document"), () => { this.limit += PAGE; this.draw(); }) : null);
  }

  item(id) {
    const each = this.looks.of(id);
    const show = (event) => this.actions.show(id, event);
    const listeners = { onfocus: show, onpointerenter: show, onblur: () => this.actions.show(null), onpointerleave: () => this.actions.show(null) };
    if (!each) return h("li", { class: "quiet words" }, "Of another collection, or gone");
    return h("li", {}, h("a", { href: `/document/${encodeURIComponent(this.collection)}/${encodeURIComponent(id)}`, target: "_blank", rel: "noopener", ...listeners },
      smallLook(each, SIDE), each.label ? h("span", { class: `tag ${each.label_source ?? ""}` }, each.label) : null),
    h("button", { type: "button", class: "take-out", "aria-label": `Take ${nameOf(each)} out of the selection`, onclick: () => this.actions.select(this.ids.filter((one) => one !== id)) }, "×"));
  }
}
