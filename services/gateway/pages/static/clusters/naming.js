// Giving what is selected a label, in steps that the server takes, and taking it back.

import { collectionPath, get, post, request } from "../api.js";
import { notify, plural } from "../dom.js";
import { newId, Outbox } from "../review/outbox.js";
import { signInHere } from "../review/view.js";

const AT_ONCE = 500;
const MANY = 500;
const LONGEST_GROUP_NAME = 200;

export class Naming {
  /** `changed()` is called whenever documents or groups are called otherwise. */
  constructor(collection, field, looks, changed) {
    Object.assign(this, { collection, field, looks, changed });
    this.past = [];
    this.labels = [];
    this.outbox = new Outbox(collection, {
      told: (result) => this.hear(result),
      troubled: (trouble, message) => this.showTrouble(trouble, message),
    });
  }

  load() {
    this.loaded ??= this.#load();
    return this.loaded;
  }

  async #load() {
    const path = collectionPath(this.collection);
    const [shares, made] = await Promise.all([
      get(`${path}/analytics/field-distribution?field=${encodeURIComponent(this.field)}`).catch(() => null),
      get(`${path}/review/decisions?limit=500`).catch(() => ({ results: [] })),
    ]);
    this.labels = (shares?.distribution ?? []).map((each) => each.value).filter((each) => typeof each === "string");
    const open = made.results.filter((each) => each.action !== "undo" && !each.undone_by && each.document_ids.length);
    this.past.unshift(...open.reverse().map((each) => ({ ids: [each.decision_id], count: each.document_ids.length, label: each.label ?? each.action })));
  }

  /** Labels documents; `group` is {path, id, name, isHuman} when they are a whole group of a run, which is then called so too. */
  async name(ids, label, group = null) {
    if (ids.length > MANY) notify(`Reading ${plural(ids.length, "document")}…`, { id: "named", seconds: 0 });
    await this.looks.load(ids);
    const seen = ids.map((id) => this.looks.of(id)).filter(Boolean);
    const missing = ids.length - seen.length;
    if (missing) notify(`${plural(missing, "document")} of these ${missing === 1 ? "is" : "are"} gone or of another collection, and left as they are.`);
    if (!seen.length) return;
    const step = { ids: [], count: seen.length, label, group };
    for (let at = 0; at < seen.length; at += AT_ONCE) {
      const documents = seen.slice(at, at + AT_ONCE).map(({ document_id, version }) => ({ document_id, version }));
      step.ids.push(newId());
      this.outbox.push({ decision_id: step.ids.at(-1), action: "label", label, field: this.field, documents });
    }
    this.past.push(step);
    if (!this.labels.includes(label)) this.labels.push(label);
    notify(`${plural(seen.length, "document")} called “${label}”.`, { id: "named", action: { label: "Undo", run: () => this.undo() } });
    if (group && label.length <= LONGEST_GROUP_NAME) await this.callGroup(group, label);
  }

  async callGroup(group, name) {
    await request("PATCH", group.path, { labels: { [group.id]: name } }).catch((error) => notify(error.message, { kind: "bad" }));
    await this.changed();
  }

  async undo() {
    // What an earlier visit did may still be on its way here.
    if (!this.past.length) await this.loaded;
    const last = this.past.pop();
    if (!last) return notify("There is nothing to undo.", { id: "hint" });
    for (const id of [...last.ids].reverse()) {
      if (!this.outbox.cancel(id)) this.outbox.push({ decision_id: newId(), action: "undo", undoes: id });
    }
    notify(`Undone: “${last.label}” for ${plural(last.count, "document")}.`, { id: "named" });
    // A group that had no name from a person gets its own back.
    if (last.group) await this.callGroup(last.group, last.group.isHuman ? last.group.name : "");
  }

  hear(result) {
    result.documents.forEach((each) => (each.outcome === "conflict" ? this.looks.forget(each.document_id) : this.looks.decided(each)));
    if (result.error) return notify(`A decision was refused: ${result.error}`, { kind: "bad", seconds: 0 });
    const conflicts = result.documents.filter((each) => each.outcome === "conflict");
    if (conflicts.length) {
      notify(`Somebody else has decided about ${plural(conflicts.length, "document")} of these since you saw them. That stands.`, { kind: "conflict", seconds: 0 });
    }
    this.changed(result);
  }

  async showTrouble(trouble, message) {
    if (trouble === "offline") notify(`${message} What you decided is kept and sent when it is back.`, { id: "trouble", kind: "bad" });
    if (trouble === "signed-out" && (await signInHere(message, post))) this.outbox.resume();
  }
}
