// Clusters: what was found to belong together, to look at as a picture or as a list, and to name.

import { collectionPath, get, withQuery } from "../api.js";
import { button, fill, h, notify, plural } from "../dom.js";
import { NOISE } from "./colours.js";
import { GroupList, groupsOf } from "./groups.js";
import { Looks, smallLook } from "./looks.js";
import { Naming } from "./naming.js";
import { Picture } from "./picture.js";
import { clusterPath, clustersOf, collectionId, follow, lastRun, makeCluster, membersOf, startRun } from "./runs.js";
import { Selection } from "./selection.js";

const LEAST = 5;
const PATIENCE = 80;
const SIDE = 320;

export async function show(content, collection) {
  await new Clusters(content, collection).start(new URLSearchParams(location.search).get("cluster"));
}

class Clusters {
  constructor(content, collection) {
    this.content = content;
    this.collection = collection;
    this.groups = [];
    this.wholeGroup = null;
  }

  async start(wanted) {
    const path = encodeURIComponent(this.collection);
    document.title = `Clusters of ${this.collection} · Likeness`;
    fill(document.getElementById("crumbs"), h("a", { href: "/" }, "Collections"), h("span", { "aria-current": "page" }, this.collection),
      h("a", { href: `/review/${path}` }, "Review"), h("a", { href: `/labels/${path}` }, "Labels"));
    const coverage = await get(`${collectionPath(this.collection)}/analytics/label-coverage`);
    this.field = coverage.fields[0]?.field ?? "label";
    this.looks = new Looks(this.collection, this.field);
    this.naming = new Naming(this.collection, this.field, this.looks, (result) => (result ? this.selection?.draw() : this.refresh()));
    this.build();
    this.naming.load();
    document.addEventListener("keydown", (event) => this.onKey(event));
    this.id = await collectionId(this.collection);
    this.clusters = await clustersOf(this.id);
    await this.choose(this.clusters.find((each) => each.cluster_id === wanted) ?? this.clusters[0] ?? null);
  }

  build() {
    this.picture = new Picture({
      hover: (id, place) => this.hover(id, place),
      select: (ids, isMore) => this.select(isMore ? [...this.selection.ids, ...ids] : ids),
      selectGroup: (id, isMore) => this.chooseGroup(this.groups.find((each) => each.id === id), isMore),
    });
    this.list = new GroupList(this.looks, (group, isMore) => this.chooseGroup(group, isMore));
    this.selection = new Selection(this.collection, this.looks, {
      labels: () => this.naming.labels, name: (label) => this.name(label), select: (ids) => this.select(ids), undo: () => this.naming.undo(),
      show: (id) => this.hover(id, id === null ? null : this.picture.mark(id)),
    });
    this.tabs = h("nav", { class: "tabs", "aria-label": "Clusters" });
    this.least = h("input", { type: "number", id: "least", min: 2, max: 1000, value: LEAST });
    this.progress = h("div", {});
    this.said = h("p", { class: "quiet" });
    this.hint = h("div", { class: "cluster-hint", hidden: true });
    this.modes = h("div", { class: "cluster-tools", role: "group", "aria-label": "The picture" });
    const stage = h("div", { class: "cluster-stage" }, this.picture.canvas, this.hint, this.modes);
    this.shown = h("div", { class: "clusters", hidden: true }, h("section", { "aria-label": "Picture" }, this.selection.head, stage, this.said), this.list.element, this.selection.element);
    this.nothing = h("p", { class: "empty quiet", hidden: true });
    fill(this.content, h("div", { class: "review-top" }, h("h1", {}, "Clusters"), this.tabs,
      h("form", { class: "row cluster-new", onsubmit: (event) => { event.preventDefault(); this.make(); } },
        h("label", { for: "least", title: "What is fewer than this many alike is in no group" }, "Smallest group"), this.least,
        h("button", { type: "submit", class: "primary" }, "New cluster"), this.again = button("Run again", () => this.run(this.cluster)))),
    this.progress, this.nothing, this.shown);
    this.drawTools();
    this.selection.show([]);
  }

  drawTools() {
    const mode = (name, label, key, title) => button(label, () => this.setMode(name), { key, title, pressed: String(this.picture.mode === name) });
    fill(this.modes, mode("lasso", "Lasso", "l", "Draw around documents to select them; with Shift, more of them"), mode("pan", "Move", "m", "Drag the picture"),
      button("+", () => this.picture.zoom(1.5), { title: "Larger" }), button("−", () => this.picture.zoom(1 / 1.5), { title: "Smaller" }),
      button("Whole", () => this.picture.whole(), { key: "0" }));
    this.modes.querySelectorAll("button[title='Larger'], button[title='Smaller']").forEach((each) => each.setAttribute("aria-label", each.title));
    this.picture.canvas.classList.toggle("pan", this.picture.mode === "pan");
  }

  setMode(mode) {
    this.picture.mode = mode;
    this.drawTools();
  }

  drawTabs() {
    fill(this.tabs, this.clusters.map((each) =>
      h("a", { href: `?cluster=${encodeURIComponent(each.cluster_id)}`, "aria-current": each.cluster_id === this.cluster?.cluster_id ? "page" : null }, each.cluster_name)));
    this.again.hidden = !this.cluster;
  }

  async choose(cluster) {
    this.cluster = cluster;
    this.drawTabs();
    if (!cluster) return this.say("No cluster of this collection yet. “New cluster” finds what belongs together.");
    history.replaceState(null, "", withQuery(location.pathname, { cluster: cluster.cluster_id }));
    if (["PENDING", "PROCESSING"].includes(cluster.status) && cluster.last_execution_task_id) return this.watch(cluster.last_execution_task_id);
    await this.load();
  }

  async make() {
    try {
      const made = await makeCluster({ id: this.id, name: this.collection }, Number(this.least.value) || LEAST);
      this.clusters.unshift(made);
      this.cluster = made;
      this.drawTabs();
      history.replaceState(null, "", withQuery(location.pathname, { cluster: made.cluster_id }));
      await this.run(made);
    } catch (error) {
      notify(error.message, { kind: "bad" });
    }
  }

  async run(cluster) {
    try {
      await this.watch((await startRun(cluster)).task_id);
    } catch (error) {
      notify(error.message, { kind: "bad" });
    }
  }

  async watch(taskId) {
    const { cluster } = this;
    const task = await follow(taskId, this.progress);
    if (task.status !== "COMPLETED") notify(`The run ${task.status === "CANCELED" ? "was cancelled" : `failed: ${task.error ?? ""}`}`, { kind: "bad", seconds: 0 });
    if (cluster === this.cluster) await this.load();
  }

  say(text) {
    this.nothing.hidden = !text;
    this.shown.hidden = Boolean(text);
    this.nothing.textContent = text;
  }

  async load() {
    try {
      this.last = await lastRun(this.cluster);
    } catch (error) {
      if (error.status !== 404) throw error;
      return this.say("This cluster has not been run to its end yet. “Run again” starts it.");
    }
    const { shown } = this.last;
    this.say("");
    this.groups = groupsOf(this.last);
    const { document_ids: ids, cluster_ids: groups, x, y } = shown.members;
    this.picture.show({ ids, x, y, groups }, this.groups);
    this.picture.canvas.parentElement.hidden = !ids.length;
    this.list.show(this.groups);
    const cut = shown.sampled ? `${plural(shown.returned_members, "document")} of ${shown.total_members.toLocaleString()} are drawn; a group from the list is selected whole. ` : "";
    fill(this.said, cut + [...shown.warnings, ...this.last.execution.warnings].join(" "));
    this.select([]);
  }

  /** The groups anew, with the names that they have now. */
  async refresh() {
    this.last = await lastRun(this.cluster);
    this.groups = groupsOf(this.last);
    this.picture.groups = this.groups;
    this.picture.draw();
    this.list.show(this.groups);
  }

  select(ids, group = null) {
    const all = [...new Set(ids)];
    this.wholeGroup = group;
    this.picture.select(all);
    this.list.mark(group ? [group.id] : []);
    return this.selection.show(all, group?.name).catch((error) => notify(error.message, { kind: "bad" }));
  }

  async chooseGroup(group, isMore) {
    if (!group) return;
    const { shown } = this.last;
    const drawn = shown.members.document_ids.filter((_, at) => shown.members.cluster_ids[at] === group.id);
    const ids = drawn.length === group.count ? drawn : await membersOf(this.cluster, shown.run_id, group.id).catch((error) => notify(error.message, { kind: "bad" }) && drawn);
    if (isMore && this.selection.ids.length) return this.select([...this.selection.ids, ...ids]);
    return this.select(ids, group);
  }

  async name(label) {
    const group = this.wholeGroup;
    const { ids } = this.selection;
    const isNamed = group && group.id !== NOISE;
    const path = `${clusterPath(this.cluster)}/executions/${encodeURIComponent(this.last.shown.run_id)}/labels`;
    try {
      await this.naming.name(ids, label, isNamed ? { path, id: group.id, name: group.name, isHuman: group.isHuman } : null);
    } catch (error) {
      return notify(error.message, { kind: "bad" });
    }
    // What was named is done with, unless something else was selected meanwhile.
    if (ids === this.selection.ids) this.select([]);
    if (!group || !this.list.focus(group.id)) this.picture.canvas.focus({ preventScroll: true });
  }

  /** Shows a document beside its place, a moment after it is pointed at. */
  hover(id, place = null) {
    clearTimeout(this.waiting);
    this.hovered = id;
    if (id === null) {
      this.picture.mark(null);
      this.hint.hidden = true;
      return;
    }
    this.waiting = setTimeout(() => this.showHint(id, place), this.looks.of(id) ? 0 : PATIENCE);
  }

  async showHint(id, place) {
    this.picture.mark(id);
    await this.looks.load([id]).catch(() => {});
    const each = this.looks.of(id);
    if (this.hovered !== id || !each || !place) return;
    const { clientWidth, clientHeight } = this.picture.canvas;
    const at = this.picture.points.at.get(id);
    const group = this.groups.find((one) => one.id === this.picture.points.groups[at]);
    fill(this.hint, smallLook(each, SIDE, ""), h("span", { class: "name" }, each.label ? `“${each.label}”` : (each.filename ?? "")), h("span", { class: "quiet" }, group?.name ?? ""));
    this.hint.className = `cluster-hint${place[0] > clientWidth / 2 ? " before" : ""}${place[1] > clientHeight / 2 ? " above" : ""}`;
    this.hint.style.setProperty("--x", `${Math.max(0, Math.min(clientWidth, place[0]))}px`);
    this.hint.style.setProperty("--y", `${Math.max(0, Math.min(clientHeight, place[1]))}px`);
    this.hint.hidden = false;
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const act = {
      "/": () => this.selection.ids.length && this.selection.box.start(""), z: () => this.naming.undo(), Escape: () => this.select([]),
      l: () => this.setMode("lasso"), m: () => this.setMode("pan"), "+": () => this.picture.zoom(1.5), "-": () => this.picture.zoom(1 / 1.5), 0: () => this.picture.whole(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
