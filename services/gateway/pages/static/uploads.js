// Files and folders that are dropped or picked: uploaded a few at a time, with what went wrong said by name.

import { post } from "./api.js";
import { button, fill, h, plural } from "./dom.js";

const AT_ONCE = 4;
const LARGEST = 11_000_000;
const LABEL = "label";
const EXTRACTORS = {
  image: { feature_extractor_name: "image_extractor", input: "image", accept: "image/*" },
  face: { feature_extractor_name: "face_identity_extractor", input: "image", accept: "image/*" },
  text: { feature_extractor_name: "text_extractor", input: "text", accept: "text/plain,application/pdf" },
};
const LOOSE = { image: "image", video: "video", text: "text", application: "pdf" };

/** Makes an element take dropped files for a collection; `done` is called when some have arrived. */
export function takesFiles(element, collection, done) {
  const status = h("div", { class: "upload", role: "status", hidden: true });
  element.append(status);
  onDrop(element, async (files) => {
    const bucket = collection.source.bucket_ids?.[0];
    if (!bucket) return say(status, "This collection is made from another one; drop files on that.");
    const property = Object.values(collection.feature_extractor.input_mappings ?? {})[0];
    if (typeof property !== "string") return say(status, "This collection does not say which file it reads; use the API.");
    await uploadAll(files, { bucket, property, status });
    done();
  });
}

/** A card that makes a bucket and a collection that labels itself, and takes its first files. */
export function newCollection() {
  const name = h("input", { id: "new-name", required: true, maxlength: 100, pattern: "[A-Za-z0-9_\\-]+", placeholder: "my_photos", title: "Letters, digits, _ and -" });
  const kind = h("select", { id: "new-kind" }, h("option", { value: "image" }, "Pictures"), h("option", { value: "face" }, "Faces"), h("option", { value: "text" }, "Texts"));
  const folders = h("input", { type: "checkbox", id: "new-folders" });
  const picked = h("input", { type: "file", multiple: true, id: "new-files" });
  const status = h("div", { class: "upload", role: "status" });
  const submit = async (event) => {
    event.preventDefault();
    const files = [...picked.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
    await create(files);
  };
  async function create(files) {
    if (!form.reportValidity()) return;
    try {
      const made = await makeCollection(name.value, kind.value);
      await uploadAll(files, { ...made, status, labelFolders: folders.checked });
      location.assign(`/review/${encodeURIComponent(name.value)}`);
    } catch (error) {
      say(status, error.message);
    }
  }
  const form = h("form", { class: "card collection new", onsubmit: submit },
    h("h2", {}, "New collection"), h("p", { class: "quiet" }, "Name it, and drop files or a folder here."),
    h("label", { for: "new-name" }, "Name"), name, h("label", { for: "new-kind" }, "It holds"), kind,
    h("label", { for: "new-files" }, "Files"), picked,
    h("label", { class: "check" }, folders, " Folders are labels"),
    h("button", { type: "submit", class: "primary" }, "Create"), status);
  onDrop(form, create);
  return form;
}

async function makeCollection(name, kind) {
  const extractor = EXTRACTORS[kind];
  const schema = { properties: { file: { type: kind === "text" ? "text" : "image" }, [LABEL]: { type: "text" }, path: { type: "text" } } };
  const bucket = await post("/v1/buckets", { bucket_name: name, bucket_schema: schema });
  await post("/v1/collections", {
    collection_name: name,
    source: { type: "bucket", bucket_ids: [bucket.bucket_id] },
    feature_extractor: { feature_extractor_name: extractor.feature_extractor_name, version: "v1", input_mappings: { [extractor.input]: "file" }, field_passthrough: [LABEL, "path"] },
    taxonomy: { field_to_enrich: LABEL },
  });
  return { bucket: bucket.bucket_id, property: "file" };
}

function onDrop(element, take) {
  element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("over"); });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", async (event) => {
    event.preventDefault();
    element.classList.remove("over");
    take(await dropped(event.dataTransfer));
  });
}

/** Every file of what was dropped, folders walked through, with its path inside of them. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, path: file.name }));
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (entry.name.startsWith(".") || entry.name === "__MACOSX") return;
  if (entry.isFile) {
    const file = await new Promise((done, fail) => entry.file(done, fail));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return;
    for (const each of some) await walk(each, found);
  }
}

async function uploadAll(files, { bucket, property, status, labelFolders = false }) {
  const failed = [];
  let sent = 0;
  const progress = h("progress", { max: files.length, value: 0 });
  const words = h("p", {});
  status.hidden = false;
  fill(status, progress, words);
  const waiting = [...files];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      try {
        await upload(next, bucket, property, labelFolders);
      } catch (error) {
        failed.push(`${next.path}: ${error.message}`);
      }
      sent += 1;
      progress.value = sent;
      fill(words, `${sent} of ${plural(files.length, "file")}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await settled(bucket, words);
  fill(words, `${plural(sent - failed.length, "file")} added.`);
  if (failed.length) {
    status.append(h("details", { open: true }, h("summary", {}, `${failed.length} could not be added`), h("ul", {}, failed.slice(0, 100).map((each) => h("li", {}, each)))));
    await new Promise((done) => status.append(button("Go on", done)));
  }
}

async function upload({ file, path }, bucket, property, labelFolders) {
  if (file.size > LARGEST) throw new Error(`larger than ${LARGEST / 1_000_000} MB; use an upload link of the API`);
  if (!file.size) throw new Error("is empty");
  const type = LOOSE[(file.type || "image/jpeg").split("/")[0]] ?? "image";
  const data = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(new Error("cannot be read"));
    reader.readAsDataURL(file);
  });
  const folder = path.split("/").slice(0, -1).pop();
  const metadata = labelFolders && folder ? { path, [LABEL]: folder } : { path };
  await post(`/v1/buckets/${encodeURIComponent(bucket)}/objects`, { blobs: [{ property, type, data }], metadata, idempotency_key: path });
}

/** Waits until what was uploaded is processed, for as long as that goes on. */
async function settled(bucket, words) {
  for (let left = -1; left !== 0; ) {
    const found = await post(`/v1/buckets/${encodeURIComponent(bucket)}/objects/list?limit=1&include_total=true`, { filters: { AND: [{ field: "status", operator: "in", value: ["PENDING", "PROCESSING"] }] } }).catch(() => null);
    const total = found?.pagination?.total ?? 0;
    left = total;
    if (left) {
      fill(words, `${plural(left, "file")} being looked at…`);
      await new Promise((done) => setTimeout(done, 700));
    }
  }
}

function say(status, text) {
  status.hidden = false;
  fill(status, h("p", { class: "fault" }, text));
}

