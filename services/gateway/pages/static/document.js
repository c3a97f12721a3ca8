// One document: its picture or words, why it is called what it is called, and what became of its label over time.

import { collectionPath, get, local, post, withQuery } from "./api.js";
import { button, fill, h, notify, percent } from "./dom.js";
import { labelBox } from "./label_box.js";
import { newId } from "./review/outbox.js";
import { look } from "./review/view.js";

const SOURCES = { human: "a person", import: "an import", auto: "a machine" };
const HIDDEN = new Set(["document_id", "collection_id", "metadata", "taxonomy_match", "document_blobs", "_internal", "text"]);

export async function show(content, collection, id) {
  document.title = `Document · ${collection} · Likeness`;
  fill(document.getElementById("crumbs"), h("a", { href: "/" }, "Collections"), h("a", { href: `/labels/${encodeURIComponent(collection)}` }, collection), h("span", { "aria-current": "page" }, "Document"));
  const path = collectionPath(collection);
  const [found, review, past, checks, coverage] = await Promise.all([
    get(withQuery(`${path}/documents/${encodeURIComponent(id)}`, { return_presigned_urls: "true" })),
    get(withQuery(`${path}/review`, { documents: id })).catch(() => null),
    get(withQuery(`${path}/review/decisions`, { document_id: id, mine: "false" })).catch(() => ({ results: [] })),
    post("/v1/annotations/list", { document_id: id }).catch(() => ({ results: [] })),
    get(`${path}/analytics/label-coverage`).catch(() => ({ fields: [] })),
  ]);
  const field = review?.field ?? coverage.fields[0]?.field;
  const entry = found._internal.labels[field] ?? {};
  const seen = review?.groups[0];
  const again = () => show(content, collection, id);
  fill(content, h("div", { class: "document" },
    h("section", { class: "picture-large", "aria-label": "The document" }, large(found)),
    h("section", { class: "about" },
      h("h1", {}, found[field] ?? "Without a label"),
      whence(entry), wrong(found, entry, field, again),
      seen ? decideBox(path, field, seen, again) : null,
      evidence(entry, collection), alike(seen), history(entry, past.results, checks.results), fields(found))));
}

function large(found) {
  const file = found.document_blobs.find((each) => each.role === "source" && each.content_type?.startsWith("image/") && each.presigned_url);
  if (file) return boxed(found, file);
  if (typeof found.text === "string") return h("p", { class: "words" }, found.text);
  const first = found.document_blobs.find((each) => each.presigned_url);
  return first ? h("p", { class: "words" }, h("a", { href: local(first.presigned_url) }, first.filename ?? "The file")) : h("p", { class: "words quiet" }, "There is nothing to show.");
}

/** The picture, and around a face that the document is about, its box. */
function boxed(found, file) {
  const frame = h("div", { class: "frame" });
  const image = h("img", { src: local(file.presigned_url), alt: file.filename ?? "The picture" });
  frame.append(image);
  const box = found.bbox;
  if (box && ["x1", "y1", "x2", "y2"].every((each) => typeof box[each] === "number")) {
    image.addEventListener("load", () => {
      const across = (value) => `${(100 * value) / image.naturalWidth}%`;
      const down = (value) => `${(100 * value) / image.naturalHeight}%`;
      frame.append(h("span", { class: "box", vars: { left: across(box.x1), top: down(box.y1), width: across(box.x2 - box.x1), height: down(box.y2 - box.y1) } }));
    });
  }
  return frame;
}

function whence(entry) {
  if (!entry.source) return h("p", { class: "quiet" }, "Nobody has labelled it.");
  const when = entry.set_at ? `, ${new Date(entry.set_at).toLocaleString()}` : "";
  const sure = entry.source === "auto" ? `, alike by ${percent(entry.score ?? 0)} (${percent(entry.threshold ?? 0)} needed), model ${entry.model ?? "?"}, taxonomy version ${entry.taxonomy_version ?? "?"}` : "";
  return h("p", {}, h("span", { class: `tag ${entry.source}` }, SOURCES[entry.source] ?? entry.source), ` said so${when}${sure}.`);
}

function wrong(found, entry, field, again) {
  if (entry.source !== "auto") return null;
  const say = async (label) => {
    await post("/v1/annotations", { document_id: found.document_id, label, payload: { field } }).catch((error) => notify(error.message, { kind: "bad" }));
    again();
  };
  return h("p", { class: "row" }, button("That is right", () => say("correct")), button("That is wrong", () => say("incorrect")));
}

function decideBox(path, field, group, again) {
  const [seen] = group.documents;
  const decide = async (what) => {
    const decision = { decision_id: newId(), field, documents: [{ document_id: seen.document_id, version: seen.version }], ...what };
    try {
      const { results } = await post(`${path}/review/decisions`, { decisions: [decision] });
      if (results[0].error) notify(results[0].error, { kind: "bad" });
      if (results[0].documents[0]?.outcome === "conflict") notify("Somebody else has decided meanwhile; that stands.", { kind: "conflict" });
    } catch (error) {
      notify(error.message, { kind: "bad" });
    }
    again();
  };
  const box = labelBox({ labels: () => group.suggestions.map((each) => each.label), choose: (label) => decide({ action: "label", label }), caption: "Give it another label" });
  return h("div", { class: "row" }, box.element, button("Unknown", () => decide({ action: "unknown" })), button("Ignore", () => decide({ action: "ignore" })));
}

function evidence(entry, collection) {
  const shown = (entry.evidence ?? []).slice(0, 6);
  if (!shown.length) return null;
  return h("section", {}, h("h2", {}, "It rests on"), h("ul", { class: "plain-list" }, shown.map((each) =>
    h("li", {}, h("a", { href: `/document/${encodeURIComponent(each.collection_id ?? collection)}/${each.document_id}` }, each.label ?? "gone"), ` alike by ${percent(each.score)}, labelled by ${SOURCES[each.label_source] ?? "somebody"}`))));
}

function alike(group) {
  const several = group?.suggestions ?? [];
  if (!several.length) return null;
  return h("section", {}, h("h2", {}, "Most like it"), h("ul", { class: "alike" }, several.slice(0, 4).flatMap((each) => each.evidence.map((one) =>
    h("li", {}, h("a", { href: `/document/${encodeURIComponent(one.collection_id)}/${one.document_id}`, "aria-label": `${each.label}, alike by ${percent(one.score)}` }, look(one, ""), h("span", { class: "tag" }, `${percent(one.score)} ${each.label}`)))))));
}

function history(entry, past, checks) {
  const steps = [
    ...past.map((each) => ({ at: each.made_at, said: sentence(each), by: each.actor_id })),
    ...checks.map((each) => ({ at: each.created_at, said: `checked: ${each.label}`, by: each.actor_id })),
  ];
  const judged = entry.judged ?? entry.proposal;
  if (judged?.value) steps.push({ at: judged.set_at ?? "", said: `a machine: “${judged.value}”, alike by ${percent(judged.score ?? 0)}`, by: "" });
  if (!steps.length) return null;
  steps.sort((one, other) => (one.at < other.at ? 1 : -1));
  return h("section", {}, h("h2", {}, "What became of its label"), h("ol", { class: "plain-list" }, steps.map((each) =>
    h("li", {}, each.said, h("span", { class: "quiet" }, ` ${each.by} ${each.at ? new Date(each.at).toLocaleString() : ""}`)))));
}

function sentence(each) {
  const what = { label: `“${each.label}”`, unknown: "left unknown", ignore: "ignored", undo: "undone" }[each.action];
  return each.undone_by ? `${what} (undone)` : what;
}

function fields(found) {
  const rows = Object.entries(found).filter(([name, value]) => !HIDDEN.has(name) && value !== null && !Array.isArray(value));
  return h("details", {}, h("summary", {}, "Fields"), h("dl", { class: "keys" }, rows.flatMap(([name, value]) =>
    [h("dt", {}, name), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))])));
}
