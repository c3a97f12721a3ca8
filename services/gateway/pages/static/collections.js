// The collections: who labelled how much, what waits, how right machines were; and where files are dropped.

import { collectionPath, get, local, post } from "./api.js";
import { fill, h, percent, plural } from "./dom.js";
import { newCollection, takesFiles } from "./uploads.js";

const WHO = [["human", "by people"], ["imported", "by imports"], ["auto", "by machines"], ["unlabelled", "without a label"]];
const PICTURES = 4;

export async function show(content) {
  document.title = "Collections · Likeness";
  const listed = await post("/v1/collections/list?limit=200");
  const cards = listed.results.map((each) => card(each));
  fill(content,
    h("div", { class: "page-head" }, h("h1", {}, "Collections"), h("p", { class: "quiet" }, "Drop files or a folder on a collection to add them.")),
    h("div", { class: "collections" }, cards, newCollection()));
}

function card(collection) {
  const name = collection.collection_name;
  const path = encodeURIComponent(name);
  const facts = h("div", { class: "facts", "aria-busy": "true" }, h("p", { class: "quiet" }, "Counting…"));
  const cover = h("div", { class: "cover", "aria-hidden": "true" });
  const review = h("a", { class: "button primary", href: `/review/${path}` }, "Review");
  const element = h("article", { class: "card collection", "aria-label": name },
    cover, h("h2", {}, name), collection.description ? h("p", { class: "quiet" }, collection.description) : null, facts,
    h("p", { class: "row" }, review, h("a", { class: "button", href: `/labels/${path}` }, "Labels"), h("a", { class: "button", href: `/clusters/${path}` }, "Clusters")));
  const refresh = () => fillIn(name, { facts, cover, review });
  takesFiles(element, collection, refresh);
  refresh();
  return element;
}

async function fillIn(name, { facts, cover, review }) {
  const path = collectionPath(name);
  const [coverage, queue, accuracy, sample] = await Promise.all([
    get(`${path}/analytics/label-coverage`).catch(() => null),
    get(`${path}/analytics/review-queue`).catch(() => null),
    get(`${path}/analytics/false-positives`).catch(() => null),
    get(`${path}/documents?limit=${PICTURES}&return_presigned_urls=true`).catch(() => null),
  ]);
  fill(cover, pictures(sample));
  const field = coverage?.fields?.[0];
  facts.removeAttribute("aria-busy");
  if (!field) return fill(facts, h("p", { class: "quiet" }, "Nothing labels this collection."));
  const waiting = queue?.fields?.[0];
  const [count, kind] = waiting?.unlabelled ? [waiting.unlabelled, ""] : [waiting?.low_confidence ?? 0, "?kind=unsure"];
  fill(review, count ? `Review ${count.toLocaleString()}` : "Review");
  if (count && kind) review.setAttribute("href", `/review/${encodeURIComponent(name)}${kind}`);
  const shares = await get(`${path}/analytics/field-distribution?field=${encodeURIComponent(field.field)}`).catch(() => null);
  fill(facts, bar(field), legend(field), queued(waiting), checks(accuracy), labels(shares, name));
}

function pictures(sample) {
  const files = (sample?.results ?? []).map((each) => each.document_blobs.find((file) => file.content_type?.startsWith("image/")));
  return files.filter(Boolean).map((file) => h("img", { src: local(file.presigned_url), alt: "", loading: "lazy" }));
}

function bar(field) {
  const parts = WHO.filter(([key]) => field[key]).map(([key]) => h("span", { class: key, vars: { "flex-grow": String(field[key]) } }));
  return h("div", { class: "shares", role: "img", "aria-label": `${percent(field.coverage)} of ${field.total} labelled` }, parts);
}

function legend(field) {
  return h("ul", { class: "legend" }, h("li", {}, h("strong", {}, plural(field.total, "document"))),
    WHO.filter(([key]) => field[key]).map(([key, words]) => h("li", { class: key }, `${field[key].toLocaleString()} ${words}`)));
}

function queued(waiting) {
  if (!waiting) return null;
  const parts = [[waiting.unlabelled, "without a label"], [waiting.low_confidence, "unsure"], [waiting.called_wrong, "called wrong"]];
  const said = parts.filter(([count]) => count).map(([count, words]) => `${count.toLocaleString()} ${words}`).join(", ");
  return h("p", {}, said ? `Waiting: ${said}` : "Nothing waits for you.");
}

function checks(accuracy) {
  if (!accuracy?.checked) return null;
  return h("p", { class: "quiet" }, `Machines were right in ${accuracy.correct} of ${plural(accuracy.checked, "check")} (${percent(accuracy.correct / accuracy.checked)}).`);
}

function labels(shares, name) {
  const shown = (shares?.distribution ?? []).slice(0, 8);
  if (!shown.length) return null;
  const link = (label) => `/labels/${encodeURIComponent(name)}?label=${encodeURIComponent(label)}`;
  return h("ul", { class: "label-counts", "aria-label": "The most frequent labels" },
    shown.map((each) => h("li", {}, h("a", { href: link(each.value), class: "tag" }, `${each.value} ${each.count.toLocaleString()}`))),
    shares.distinct > shown.length ? h("li", { class: "quiet" }, `and ${shares.distinct - shown.length} more`) : null);
}
