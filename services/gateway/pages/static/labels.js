// Every label with its pictures: to look for what is odd, to move, to rename and to merge.

import { collectionPath, get, post, withQuery } from "./api.js";
import { button, fill, h, notify, plural } from "./dom.js";
import { labelBox } from "./label_box.js";
import { newId, Outbox } from "./review/outbox.js";
import { look, nameOf, signInHere } from "./review/view.js";

const PAGE = 20;
const AT_ONCE = 500;

export async function show(content, collection) {
  const page = new Labels(content, collection);
  await page.start(new URLSearchParams(location.search).get("label"));
}

class Labels {
  constructor(content, collection) {
    this.content = content;
    this.collection = collection;
    this.counts = new Map();
    this.documents = [];
    this.selected = new Set();
    this.focus = 0;
    this.past = [];
    this.oddFirst = false;
  }

  async start(label) {
    document.title = `Labels of ${this.collection} · Likeness`;
    fill(document.getElementById("crumbs"), h("a", { href: "/" }, "Collections"), h("span", { "aria-current": "page" }, this.collection),
      h("a", { href: `/review/${encodeURIComponent(this.collection)}` }, "Review"),
      h("a", { href: `/clusters/${encodeURIComponent(this.collection)}` }, "Clusters"));
    this.outbox = new Outbox(this.collection, {
      told: (result) => this.hear(result),
      troubled: (kind, message) => this.showTrouble(kind, message),
    });
    const coverage = await get(`${collectionPath(this.collection)}/analytics/label-coverage`);
    this.field = coverage.fields[0]?.field;
    if (!this.field) return fill(this.content, h("p", { class: "empty" }, "Nothing labels this collection."));
    await this.count();
    this.build();
    await this.choose(label ?? this.counts.keys().next().value ?? null);
    document.addEventListener("keydown", (event) => this.onKey(event));
  }

  async count() {
    const found = await get(`${collectionPath(this.collection)}/analytics/field-distribution?field=${encodeURIComponent(this.field)}`);
    this.counts = new Map(found.distribution.filter((each) => typeof each.value === "string").map((each) => [each.value, each.count]));
  }

  build() {
    this.list = h("ul", { class: "label-list" });
    this.head = h("div", { class: "stage-head" });
    this.grid = h("ul", { class: "grid small", role: "listbox", "aria-multiselectable": "true", "aria-label": "Pictures with this label", tabindex: "0" });
    this.more = h("p", {});
    this.box = labelBox({ labels: () => [...this.counts.keys()].filter((each) => each !== this.label), choose: (label) => this.move([...this.selected], label), caption: "Move what is selected to" });
    this.box.input.placeholder = "Move to a label (/)";
    fill(this.content, h("div", { class: "labels-page" },
      h("nav", { class: "side", "aria-label": "Labels" }, h("h1", {}, "Labels"), this.list),
      h("section", {}, this.head, this.grid, this.more)));
  }

  async choose(label) {
    this.label = label;
    this.documents = [];
    this.selected.clear();
    this.cursor = null;
    this.focus = 0;
    this.drawList();
    if (label === null) return fill(this.grid, h("li", { class: "quiet" }, "There are no labels yet."));
    history.replaceState(null, "", withQuery(location.pathname, { label }));
    await this.load();
  }

  async load() {
    const page = await get(withQuery(`${collectionPath(this.collection)}/review`, { kind: "labelled", label: this.label, limit: PAGE, cursor: this.cursor, group_size: 48 }));
    this.cursor = page.next_cursor;
    this.total = page.waiting;
    this.documents.push(...page.groups.flatMap((each) => each.documents));
    this.draw();
  }

  drawList() {
    const names = [...this.counts.entries()].sort((one, other) => other[1] - one[1]);
    fill(this.list, names.map(([label, count]) => {
      const item = h("li", {}, h("button", { type: "button", class: "plain", "aria-current": label === this.label ? "true" : null, onclick: () => this.choose(label) },
        h("span", { class: "name" }, label), h("span", { class: "quiet" }, count.toLocaleString())));
      item.addEventListener("dragover", (event) => { event.preventDefault(); item.classList.add("over"); });
      item.addEventListener("dragleave", () => item.classList.remove("over"));
      item.addEventListener("drop", (event) => { event.preventDefault(); item.classList.remove("over"); this.move([...this.selected], label); });
      return item;
    }));
  }

  draw() {
    const count = this.selected.size;
    fill(this.head, h("h2", {}, this.label), h("span", { class: "quiet" }, count ? `${count} selected` : plural(this.total ?? 0, "document")),
      count ? this.box.element : button("Rename or merge", () => this.rename(), { title: "Gives all of them another label" }),
      button(this.oddFirst ? "Typical first" : "Odd ones first", () => { this.oddFirst = !this.oddFirst; this.draw(); }),
      count ? button("None", () => this.select([]), { key: "Esc", kind: "plain" }) : null,
      button("Undo", () => this.undo(), { key: "z", disabled: !this.past.length }));
    const shown = this.shown;
    fill(this.grid, shown.map((each, at) => this.picture(each, at)));
    this.grid.setAttribute("aria-activedescendant", `labelled-${this.focus}`);
    fill(this.more, this.cursor ? button("More", () => this.load()) : null);
  }

  get shown() {
    return this.oddFirst ? [...this.documents].reverse() : this.documents;
  }

  picture(each, at) {
    const isSelected = this.selected.has(each.document_id);
    return h("li", {
      role: "option", id: `labelled-${at}`, class: at === this.focus ? "picture focus" : "picture", "aria-selected": String(isSelected), draggable: "true",
      onclick: (event) => this.click(at, event), ondragstart: () => { if (!isSelected) this.select([each.document_id]); },
      ondblclick: () => window.open(this.link(each), "_blank", "noopener"),
    }, look(each, nameOf(each)), each.label_source === "auto" ? h("span", { class: "tag auto" }, `${Math.round((each.score ?? 0) * 100)} %`) : h("span", { class: `tag ${each.label_source}` }, each.label_source === "human" ? "person" : "import"));
  }

  link(each) {
    return `/document/${encodeURIComponent(this.collection)}/${each.document_id}`;
  }

  click(at, event) {
    const id = this.shown[at].document_id;
    if (event.shiftKey) {
      const [from, to] = [Math.min(at, this.focus), Math.max(at, this.focus)];
      this.shown.slice(from, to + 1).forEach((each) => this.selected.add(each.document_id));
    } else if (this.selected.has(id)) this.selected.delete(id);
    else this.selected.add(id);
    this.focus = at;
    this.draw();
  }

  select(ids) {
    this.selected = new Set(ids);
    this.draw();
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const columns = getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, k: -1, j: 1 }[event.key];
    if (step) {
      this.focus = Math.max(0, Math.min(this.documents.length - 1, this.focus + step));
      this.draw();
      document.getElementById(`labelled-${this.focus}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === " " && this.documents.length && event.target.tagName !== "BUTTON") this.click(this.focus, event);
    else if (event.key === "Escape") this.select([]);
    else if (event.key === "a") this.select(this.documents.map((each) => each.document_id));
    else if (event.key === "z") this.undo();
    else if (event.key === "/") this.typeLabel("");
    else return;
    event.preventDefault();
  }

  typeLabel(text) {
    if (!this.selected.size && this.documents.length) this.select([this.shown[this.focus].document_id]);
    if (this.selected.size) this.box.start(text);
  }

  move(ids, label) {
    if (!ids.length || label === this.label) return;
    const moved = this.documents.filter((each) => ids.includes(each.document_id));
    this.push(moved, label);
    this.documents = this.documents.filter((each) => !ids.includes(each.document_id));
    this.total -= moved.length;
    this.selected.clear();
    this.focus = Math.min(this.focus, Math.max(0, this.documents.length - 1));
    this.drawList();
    this.draw();
    notify(`${plural(moved.length, "picture")} moved to “${label}”.`, { action: { label: "Undo", run: () => this.undo() }, id: "moved" });
  }

  push(moved, label) {
    const ids = [];
    for (let at = 0; at < moved.length; at += AT_ONCE) {
      const documents = moved.slice(at, at + AT_ONCE).map(({ document_id, version }) => ({ document_id, version }));
      const decision = { decision_id: newId(), action: "label", label, field: this.field, documents };
      ids.push(decision.decision_id);
      this.outbox.push(decision);
    }
    this.past.push({ ids, moved, from: this.label, to: label });
    this.counts.set(label, (this.counts.get(label) ?? 0) + moved.length);
    const left = (this.counts.get(this.label) ?? 0) - moved.length;
    if (left > 0) this.counts.set(this.label, left);
    else this.counts.delete(this.label);
  }

  async undo() {
    const last = this.past.pop();
    if (!last) return notify("There is nothing to undo.", { id: "hint" });
    for (const id of last.ids.reverse()) {
      if (!this.outbox.cancel(id)) this.outbox.push({ decision_id: newId(), action: "undo", undoes: id });
    }
    await this.outbox.flush();
    await this.count();
    await this.choose(last.from);
  }

  rename() {
    const box = labelBox({ labels: () => [...this.counts.keys()].filter((each) => each !== this.label), choose: (label) => { dialog.close(); this.renameTo(label); }, caption: "New name" });
    const dialog = h("dialog", { "aria-labelledby": "rename-title" }, h("h2", { id: "rename-title" }, `Rename “${this.label}”`),
      h("p", { class: "quiet" }, "Choose a label that there is to merge the two. It becomes your label on each of them; undo takes it back."),
      box.element, h("form", { method: "dialog" }, h("button", {}, "Cancel")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    box.start("");
  }

  async renameTo(label) {
    while (this.cursor) await this.load();
    const all = this.documents;
    this.push(all, label);
    await this.outbox.flush();
    await this.count();
    await this.choose(label);
    notify(`${plural(all.length, "document")} now called “${label}”.`, { action: { label: "Undo", run: () => this.undo() } });
  }

  async showTrouble(kind, message) {
    if (kind === "offline") notify(`${message} What you decided is kept and sent when it is back.`, { id: "trouble", kind: "bad" });
    if (kind === "signed-out" && (await signInHere(message, post))) this.outbox.resume();
  }

  hear(result) {
    if (result.error) return notify(`A decision was refused: ${result.error}`, { kind: "bad", seconds: 0 });
    const conflicts = result.documents.filter((each) => each.outcome === "conflict");
    if (conflicts.length) {
      const text = `Somebody else has decided about ${plural(conflicts.length, "picture")} of these meanwhile. That stands.`;
      notify(text, { kind: "conflict", seconds: 0, action: { label: "Reload", run: () => location.reload() } });
    }
  }
}
