// What there is to see of documents, and the version of each that a decision about it carries. Asked for once each.

import { collectionPath, get, local, withQuery } from "../api.js";
import { h } from "../dom.js";
import { nameOf } from "../review/view.js";

const AT_ONCE = 100;
const SMALL = "/v1/pictures/";

export class Looks {
  constructor(collection, field) {
    this.path = `${collectionPath(collection)}/review`;
    this.field = field;
    this.known = new Map();
    this.asked = new Map();
  }

  /** A document as it was last seen; undefined before it is loaded, null when the collection does not have it. */
  of(id) {
    return this.known.get(id);
  }

  /** Loads those that are not known; resolves when all are. */
  async load(ids) {
    const missing = ids.filter((id) => !this.known.has(id) && !this.asked.has(id));
    for (let at = 0; at < missing.length; at += AT_ONCE) {
      const some = missing.slice(at, at + AT_ONCE);
      const loading = this.#fetch(some).finally(() => some.forEach((id) => this.asked.delete(id)));
      some.forEach((id) => this.asked.set(id, loading));
      // One call after the other: each takes as much of the server as a page of a review.
      await loading;
    }
    await Promise.all(new Set(ids.map((id) => this.asked.get(id)).filter(Boolean)));
  }

  async #fetch(ids) {
    const { groups } = await get(withQuery(this.path, { documents: ids.join(","), field: this.field }));
    ids.forEach((id) => this.known.set(id, null));
    for (const each of groups.flatMap((group) => group.documents)) this.known.set(each.document_id, each);
  }

  forget(id) {
    this.known.delete(id);
  }

  /** What a decision has made of a document. */
  decided({ document_id: id, version, label, label_source: source }) {
    const known = this.known.get(id);
    if (known && version) this.known.set(id, { ...known, version, label, label_source: source });
  }
}

/** A small picture of a document, or the beginning of its words. */
export function smallLook(each, side, alt = nameOf(each)) {
  if (!each.picture) return h("span", { class: "words" }, (each.text ?? nameOf(each)).slice(0, 120));
  const link = local(each.picture);
  return h("img", { src: link.startsWith(SMALL) ? withQuery(link, { side }) : link, alt, draggable: "false" });
}
