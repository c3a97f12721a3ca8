// The groups of a run as a list: the same as the picture, for keys and for screen readers.

import { button, fill, h, plural } from "../dom.js";
import { colourOf, NOISE, onScheme } from "./colours.js";
import { smallLook } from "./looks.js";

const PAGE = 40;
const EXAMPLES = 3;
const SIDE = 160;

/** Groups as {id, name, count, rank, x, y, examples, isHuman}, the largest first; what is in none comes last. */
export function groupsOf({ shown, listed, execution }) {
  const places = new Map(shown.centroids.map((each) => [each.cluster_id, each]));
  const examples = new Map((execution.centroids ?? []).map((each) => [each.cluster_id, each.representative_ids]));
  const parents = new Set(listed.groups.map((each) => each.parent_cluster_id));
  const leaves = listed.groups.filter((each) => !parents.has(each.cluster_id)).sort((one, other) => other.member_count - one.member_count);
  const groups = leaves.map((each, rank) => ({
    id: each.cluster_id, name: each.label || each.cluster_id, count: each.member_count, rank, isHuman: each.label_source === "human",
    x: places.get(each.cluster_id)?.x ?? null, y: places.get(each.cluster_id)?.y ?? null,
    examples: (examples.get(each.cluster_id) ?? []).slice(0, EXAMPLES).map((one) => one.document_id),
  }));
  if (!listed.noise_count) return groups;
  return [...groups, { id: NOISE, name: "In no group", count: listed.noise_count, rank: -1, x: null, y: null, examples: [], isHuman: false, isNoise: true }];
}

export class GroupList {
  /** `choose(group, isMore)` selects the documents of a group. */
  constructor(looks, choose) {
    this.looks = looks;
    this.choose = choose;
    this.limit = PAGE;
    this.chosen = new Set();
    this.list = h("ul", { class: "group-list", onkeydown: (event) => this.onKey(event) });
    this.more = h("p", {});
    this.title = h("h2", {}, "Groups");
    this.element = h("section", { class: "groups", "aria-label": "Groups" }, this.title, this.list, this.more);
    onScheme(() => this.draw());
  }

  show(groups) {
    this.groups = groups;
    this.draw();
    this.#loadExamples();
  }

  mark(ids) {
    this.chosen = new Set(ids);
    for (const each of this.list.querySelectorAll("button")) each.setAttribute("aria-pressed", String(this.chosen.has(each.dataset.group)));
  }

  /** Goes to the button of a group; false where it has none. */
  focus(id) {
    const found = [...this.list.querySelectorAll("button")].find((each) => each.dataset.group === id);
    found?.focus({ preventScroll: true });
    return Boolean(found);
  }

  draw() {
    if (!this.groups) return;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.group : null;
    const real = this.groups.filter((each) => !each.isNoise).length;
    fill(this.title, real ? plural(real, "group") : "No groups");
    fill(this.list, this.groups.slice(0, this.limit).map((each) => this.item(each)));
    if (focused !== null) this.focus(focused);
    const rest = this.groups.length - this.limit;
    fill(this.more, rest > 0 ? button(`${plural(rest, "more group")}`, () => { this.limit += PAGE; this.show(this.groups); }) : null);
  }

  item(group) {
    const shown = group.examples.map((id) => this.looks.of(id)).filter(Boolean);
    return h("li", {}, h("button", {
      type: "button", class: "group", dataset: { group: group.id }, "aria-pressed": String(this.chosen.has(group.id)),
      "aria-label": `${group.name}, ${plural(group.count, "document")}`, onclick: (event) => this.choose(group, event.shiftKey),
    }, h("span", { class: "swatch", vars: { "--swatch": colourOf(group.rank) } }), h("span", { class: "name" }, group.name),
    h("span", { class: "quiet" }, group.count.toLocaleString()),
    shown.length ? h("span", { class: "examples" }, shown.map((each) => smallLook(each, SIDE, ""))) : null));
  }

  async #loadExamples() {
    const ids = this.groups.slice(0, this.limit).flatMap((each) => each.examples);
    if (!ids.some((id) => this.looks.of(id) === undefined)) return;
    await this.looks.load(ids).catch(() => {});
    this.draw();
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = [...this.list.querySelectorAll("button")];
    all[all.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}
