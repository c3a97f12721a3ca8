// The groups that are to be looked at: loaded ahead, pictures included, so that the next one is there at once.

import { collectionPath, get, local, withQuery } from "../api.js";

const AHEAD = 12;
const PICTURES_AHEAD = 3;

export class Queue {
  constructor(collection, kind) {
    this.collection = collection;
    this.kind = kind;
    this.groups = [];
    this.cursor = null;
    this.ended = false;
    this.waiting = 0;
    this.isMore = false;
    this.field = "";
    this.hidden = new Set();
    this.pictures = new Map();
    this.loading = null;
  }

  get current() {
    return this.groups[0] ?? null;
  }

  /** Loads when few are left; resolves when there are enough, or no more. */
  fillUp() {
    if (this.ended || this.groups.length >= AHEAD) return Promise.resolve();
    this.loading ??= this.#load().finally(() => { this.loading = null; });
    return this.loading;
  }

  async #load() {
    do {
      const page = await get(withQuery(`${collectionPath(this.collection)}/review`, { kind: this.kind, cursor: this.cursor }));
      this.cursor = page.next_cursor;
      this.ended = page.next_cursor === null;
      this.waiting = page.waiting;
      this.isMore = page.waiting_is_more;
      this.field = page.field;
      this.groups.push(...page.groups.map((each) => this.#without(each, this.hidden)).filter((each) => each.documents.length));
    } while (!this.ended && this.groups.length < AHEAD);
    this.lookAhead();
  }

  #without(group, ids) {
    return { ...group, documents: group.documents.filter((each) => !ids.has(each.document_id)) };
  }

  /** Takes documents that were decided out of the current group, and the group when nothing is left of it. */
  take(ids) {
    ids.forEach((id) => this.hidden.add(id));
    const taken = new Set(ids);
    if (this.current) this.groups[0] = this.#without(this.current, taken);
    if (this.current && !this.current.documents.length) this.groups.shift();
    this.lookAhead();
  }

  /** Puts documents back in front, into the group that they came from where that is still the current one. */
  putBack(group) {
    group.documents.forEach((each) => this.hidden.delete(each.document_id));
    const back = new Set(group.documents.map((each) => each.document_id));
    this.groups = this.groups.map((each) => this.#without(each, back)).filter((each) => each.documents.length);
    if (this.current && this.current.group_id && this.current.group_id === group.group_id) {
      this.groups[0] = { ...this.current, documents: [...group.documents, ...this.current.documents] };
    } else {
      this.groups.unshift(group);
    }
    this.lookAhead();
  }

  /** Moves documents out of the current group, to be looked at later by themselves. */
  async setApart(ids) {
    const apart = this.current.documents.filter((each) => ids.includes(each.document_id));
    const from = this.current;
    this.groups[0] = this.#without(this.current, new Set(ids));
    if (!this.groups[0].documents.length) this.groups.shift();
    const group = { group_id: `${from.group_id}/${ids[0]}`, documents: apart, suggestions: from.suggestions.slice(1) };
    const at = Math.min(this.groups.length, 3);
    this.groups.splice(at, 0, group);
    const fresh = await this.groupOf(ids).catch(() => null);
    if (fresh) Object.assign(group, { suggestions: fresh.suggestions });
  }

  /** Any documents as one group, with suggestions of its own; null when they are gone. */
  async groupOf(ids) {
    const path = withQuery(`${collectionPath(this.collection)}/review`, { kind: this.kind, documents: ids.join(","), field: this.field });
    return (await get(path)).groups[0] ?? null;
  }

  /** One group on (1) or back (-1); what is passed over comes again at the end. */
  turn(step) {
    if (this.groups.length < 2) return false;
    if (step > 0) this.groups.push(this.groups.shift());
    else this.groups.unshift(this.groups.pop());
    this.lookAhead();
    return true;
  }

  /** Loads the pictures of the next groups. */
  lookAhead() {
    for (const group of this.groups.slice(0, PICTURES_AHEAD + 1)) {
      const links = group.documents.map((each) => each.picture).concat(group.suggestions.slice(0, 3).flatMap((each) => each.evidence.map((one) => one.picture)));
      for (const link of links.filter(Boolean).map(local)) {
        if (this.pictures.has(link)) continue;
        const image = new Image();
        image.src = link;
        // Decoded ahead as well, so that the key's own frame has nothing left to do.
        image.decode().catch(() => {});
        this.pictures.set(link, image);
      }
    }
    // Enough for the groups ahead; the browser keeps the rest in its own store.
    while (this.pictures.size > 400) this.pictures.delete(this.pictures.keys().next().value);
  }
}
