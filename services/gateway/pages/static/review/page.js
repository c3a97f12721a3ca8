// Review: groups of look-alikes, one key for each decision. Nothing here waits for the server.

import { collectionPath, get, post } from "../api.js";
import { button, fill, h, notify, plural } from "../dom.js";
import { labelBox } from "../label_box.js";
import { listen } from "./keys.js";
import { newId, Outbox } from "./outbox.js";
import { Queue } from "./queue.js";
import { actionsBar, columnsFor, ended, help, pictures, signInHere, suggestions } from "./view.js";

const KINDS = [["unlabelled", "No label"], ["unsure", "Unsure"], ["wrong", "Called wrong"], ["ignored", "Ignored"]];
const MOST_RECENT = 9;

export async function show(content, collection) {
  const kind = new URLSearchParams(location.search).get("kind") ?? "unlabelled";
  const review = new Review(content, collection, kind);
  await review.start();
}

class Review {
  constructor(content, collection, kind) {
    this.content = content;
    this.collection = collection;
    this.kind = kind;
    this.queue = new Queue(collection, kind);
    this.selected = null;
    this.past = [];
    this.older = [];
    this.recent = [];
    this.labels = [];
    this.decided = 0;
    this.versions = new Map();
    this.atRest = true;
  }

  async start() {
    document.title = `Review ${this.collection} · Likeness`;
    fill(document.getElementById("crumbs"), h("a", { href: "/" }, "Collections"), h("span", { "aria-current": "page" }, this.collection),
      h("a", { href: `/labels/${encodeURIComponent(this.collection)}` }, "Labels"),
      h("a", { href: `/clusters/${encodeURIComponent(this.collection)}` }, "Clusters"));
    fill(this.content, h("p", { class: "empty quiet" }, "Loading…"));
    // What an earlier visit could not send goes first, so that it does not come up again.
    this.outbox = new Outbox(this.collection, {
      told: (result, decision) => this.hear(result, decision),
      troubled: (trouble, message) => this.showTrouble(trouble, message),
      affected: (affected) => this.offerTheRest(affected),
    });
    if (this.outbox.length) await this.outbox.flush();
    await this.queue.fillUp();
    this.build();
    this.draw();
    this.stop = listen(this.actions);
    this.pastLoaded = this.loadPast().catch((error) => notify(error.message));
    this.loadLabels();
  }

  /** Everything that a key or a button can do. */
  get actions() {
    return {
      accept: (event) => this.choose(0, event, true),
      choose: (at, event) => this.choose(at, event),
      type: (_event, letter = "") => this.box.start(letter),
      unknown: (event) => this.decide({ action: "unknown" }, event),
      ignore: (event) => this.decide({ action: "ignore" }, event),
      setApart: () => this.setApart(),
      undo: () => this.undo(),
      next: () => this.turn(1),
      previous: () => this.turn(-1),
      move: (across, down) => this.move(across, down),
      wholeGroup: () => this.select(null),
      open: () => this.open(),
      help,
    };
  }

  build() {
    this.progress = h("p", { class: "progress", role: "status" });
    this.trouble = h("div", { class: "trouble", role: "alert", hidden: true });
    this.stage = h("section", { class: "stage", "aria-label": "What is to be decided" });
    this.may = h("div", { class: "may" });
    this.box = labelBox({ labels: () => this.labels, choose: (label) => this.decide({ action: "label", label }), caption: "Type a label (/)" });
    this.offer = h("div", { class: "offer", hidden: true });
    this.panel = h("aside", { class: "panel", "aria-label": "Your decision" }, this.may, this.box.element, actionsBar(this.actions), this.offer);
    const kinds = KINDS.map(([kind, name]) => h("a", { href: `?kind=${kind}`, "aria-current": kind === this.kind ? "page" : null }, name));
    fill(this.content, h("div", { class: "review" },
      h("div", { class: "review-top" }, h("h1", {}, "Review"), h("nav", { class: "tabs", "aria-label": "What to review" }, kinds), this.progress, this.trouble),
      this.stage, this.panel));
  }

  draw() {
    const group = this.queue.current;
    this.drawProgress();
    this.panel.hidden = !group;
    if (!group) return this.drawEnd();
    if (this.selected !== null) this.selected = Math.min(this.selected, group.documents.length - 1);
    fill(this.stage, this.heading(group), pictures(group, this.selected, (at) => this.select(at)));
    fill(this.may, suggestions(this.withRecent(group), (at, event) => this.choose(at, event)) ??
      h("p", { class: "quiet" }, "Nothing that is labelled is like it. Type a label: press / or its first letter."));
  }

  heading(group) {
    const count = group.documents.length;
    const words = this.selected === null
      ? count === 1 ? "One picture" : `${count} that look alike`
      : `One of ${count} selected`;
    return h("div", { class: "stage-head" }, h("h2", {}, words),
      group.note ? h("p", { class: "note" }, group.note) : null,
      this.selected === null ? null : button("Whole group", () => this.select(null), { key: "Esc", kind: "plain" }),
      this.selected === null ? null : button("Open", () => this.open(), { key: "o", kind: "plain" }));
  }

  async drawEnd() {
    fill(this.stage, h("p", { class: "empty quiet" }, "Loading…"));
    if (!this.queue.ended) {
      await this.queue.fillUp();
      if (this.queue.current) return this.draw();
    }
    fill(this.stage, ended(this.kind, () => location.reload()));
    if (this.past.length || this.older.length) this.stage.append(h("p", { class: "empty" }, button("Undo", () => this.undo(), { key: "z" })));
  }

  drawProgress() {
    const left = Math.max(0, this.queue.waiting - this.queue.hidden.size);
    const waits = `${left.toLocaleString()}${this.queue.isMore ? " or more" : ""} to go`;
    fill(this.progress, h("strong", {}, waits), this.decided ? ` · ${this.decided.toLocaleString()} decided` : "");
  }

  /** Suggestions, and after them the labels that were given lately, so that a key is there for each. */
  withRecent(group) {
    const known = new Set(group.suggestions.map((each) => each.label));
    const lately = this.recent.filter((label) => !known.has(label)).map((label) => ({ label, evidence: [], recent: true }));
    return { ...group, suggestions: [...group.suggestions, ...lately].slice(0, 9) };
  }

  get chosen() {
    const group = this.queue.current;
    if (!group) return [];
    return this.selected === null ? group.documents : [group.documents[this.selected]];
  }

  choose(at, event, isEnter = false) {
    const group = this.queue.current;
    if (!group) return;
    const found = isEnter ? group.suggestions[0] : this.withRecent(group).suggestions[at];
    if (found) this.decide({ action: "label", label: found.label }, event);
    else if (isEnter) this.box.start("");
  }

  decide(what, event) {
    const documents = this.chosen;
    if (!documents.length) return;
    const begun = event?.timeStamp ?? performance.now();
    const group = this.queue.current;
    const decision = {
      decision_id: newId(), ...what, field: this.queue.field,
      documents: documents.map((each) => ({ document_id: each.document_id, version: this.versions.get(each.document_id) ?? each.version })),
    };
    this.past.push({ decision_id: decision.decision_id, group: { ...group, documents } });
    this.queue.take(documents.map((each) => each.document_id));
    this.decided += documents.length;
    if (what.label) this.remember(what.label);
    if (this.queue.current?.group_id !== group.group_id) this.selected = null;
    this.outbox.push(decision);
    this.draw();
    measure(begun);
    this.queue.fillUp().then(() => this.drawProgress(), (error) => notify(error.message, { id: "load" }));
  }

  remember(label) {
    this.recent = [label, ...this.recent.filter((each) => each !== label)].slice(0, MOST_RECENT);
    if (!this.labels.includes(label)) this.labels = [...this.labels, label];
  }

  setApart() {
    if (this.selected === null) return notify("Select a picture with the arrows or a click, then x takes it out.", { id: "hint" });
    if (this.queue.current.documents.length < 2) return this.turn(1);
    this.queue.setApart([this.chosen[0].document_id]);
    this.draw();
  }

  turn(step) {
    if (!this.queue.turn(step)) return notify("There is no other group.", { id: "hint" });
    this.selected = null;
    this.draw();
    this.queue.fillUp();
  }

  move(across, down) {
    const count = this.queue.current?.documents.length ?? 0;
    if (!count) return;
    const step = across + down * shownColumns(this.stage, count);
    const at = this.selected === null ? 0 : this.selected + step;
    this.select(Math.max(0, Math.min(count - 1, at)));
  }

  select(at) {
    this.selected = at;
    this.draw();
    if (at !== null) document.getElementById(`picture-${at}`)?.scrollIntoView({ block: "nearest" });
  }

  open() {
    const document_ = this.chosen[0];
    if (document_) window.open(`/document/${encodeURIComponent(this.collection)}/${document_.document_id}`, "_blank", "noopener");
  }

  async undo() {
    if (!this.past.length) await this.pastLoaded;
    const last = this.past.pop() ?? this.older.pop();
    if (!last) return notify("There is nothing to undo.", { id: "hint" });
    const isBack = this.outbox.cancel(last.decision_id);
    if (!isBack) this.outbox.push({ decision_id: newId(), action: "undo", undoes: last.decision_id });
    if (!last.group) return this.undoOlder(last);
    this.decided = Math.max(0, this.decided - last.group.documents.length);
    this.queue.putBack(last.group);
    this.selected = null;
    this.draw();
  }

  /** A decision of before the page was loaded: what it was about is fetched once the server has taken it back. */
  async undoOlder(last) {
    await this.outbox.flush();
    const group = await this.queue.groupOf(last.document_ids.slice(0, 100)).catch(() => null);
    if (!group) return notify("Undone. What it was about is not there any more.");
    this.queue.putBack({ ...group, group_id: last.decision_id, note: `Undone: ${last.label ? `“${last.label}”` : last.action}` });
    this.selected = null;
    this.draw();
  }

  async loadPast() {
    const path = `${collectionPath(this.collection)}/review/decisions?limit=500`;
    const { results } = await get(path);
    const made = new Set(this.past.map((each) => each.decision_id));
    this.older = results.filter((each) => each.action !== "undo" && !each.undone_by && each.document_ids.length && !made.has(each.decision_id)).reverse();
  }

  async loadLabels() {
    if (!this.queue.field) return;
    const path = `${collectionPath(this.collection)}/analytics/field-distribution?field=${encodeURIComponent(this.queue.field)}`;
    const found = await get(path).catch(() => null);
    const named = (found?.distribution ?? []).map((each) => each.value).filter((each) => typeof each === "string");
    this.labels = [...new Set([...named, ...this.labels])];
  }

  hear(result, decision) {
    for (const each of result.documents) if (each.version && each.outcome !== "conflict") this.versions.set(each.document_id, each.version);
    if (result.error) return notify(`A decision was refused: ${result.error}`, { kind: "bad", seconds: 0 });
    const conflicts = result.documents.filter((each) => each.outcome === "conflict");
    if (conflicts.length) this.showConflict(conflicts, decision);
  }

  showConflict(conflicts, decision) {
    const theirs = [...new Set(conflicts.map((each) => (each.label ? `“${each.label}”` : "without a label")))].join(", ");
    const ids = conflicts.map((each) => each.document_id);
    const text = `Somebody else has decided about ${plural(conflicts.length, "picture")} of these since you saw ${ids.length === 1 ? "it" : "them"}: ${theirs}. That stands.`;
    const run = async () => {
      const group = await this.queue.groupOf(ids);
      if (!group) return notify("They are gone meanwhile.");
      ids.forEach((id) => this.versions.delete(id));
      this.queue.putBack({ ...group, group_id: decision.decision_id, note: `Somebody else: ${theirs}. You: ${decision.label ? `“${decision.label}”` : decision.action}` });
      this.selected = null;
      this.draw();
    };
    notify(text, { kind: "conflict", seconds: 0, action: { label: "Look at it", run } });
  }

  async showTrouble(trouble, message) {
    this.atRest = !trouble;
    if (!this.trouble) return;
    this.trouble.hidden = !trouble;
    const waits = plural(this.outbox?.length ?? 0, "decision");
    if (trouble === "offline") fill(this.trouble, `${message} ${waits} kept here and sent when it is back. Go on.`);
    if (trouble !== "signed-out") return;
    fill(this.trouble, `You are signed out; ${waits} wait here. `, button("Sign in", () => this.signIn(message), { kind: "plain" }));
    await this.signIn(message);
  }

  async signIn(message) {
    if (await signInHere(message, post)) this.outbox.resume();
  }

  /** Once a label is there, a machine can give it to what is like it. */
  offerTheRest(affected) {
    if (!affected.unlabelled || !affected.next_step) return;
    const count = `${affected.unlabelled.toLocaleString()}${affected.unlabelled_is_more ? "+" : ""}`;
    this.offer.hidden = false;
    fill(this.offer, h("p", {}, `${count} have no label yet. Those like your examples can label themselves.`),
      button("Label them by likeness", () => this.labelTheRest(), { kind: "secondary" }));
  }

  async labelTheRest() {
    fill(this.offer, h("p", { role: "status" }, "Labelling by likeness…"));
    await this.outbox.flush();
    const started = await post(`${collectionPath(this.collection)}/apply-taxonomy`);
    let task = null;
    do {
      await new Promise((done) => setTimeout(done, 500));
      task = await get(`/v1/tasks/${started.task_id}`);
    } while (["PENDING", "IN_PROGRESS", "PROCESSING"].includes(task.status));
    this.offer.hidden = true;
    const before = this.queue.waiting - this.queue.hidden.size;
    const fresh = new Queue(this.collection, this.kind);
    await fresh.fillUp();
    this.queue = fresh;
    this.selected = null;
    this.draw();
    notify(`${plural(Math.max(0, before - fresh.waiting), "document")} labelled by likeness.`);
  }
}

/** The columns that are really shown: a narrow screen has fewer. */
function shownColumns(stage, count) {
  const grid = stage.querySelector(".grid");
  return grid ? getComputedStyle(grid).gridTemplateColumns.split(" ").length : columnsFor(count);
}

/** From the key to the frame that shows the next group. */
function measure(begun) {
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => performance.measure("decision", { start: begun, end: performance.now() });
    channel.port2.postMessage(null);
  });
}
