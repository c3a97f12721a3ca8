// Tasks: what the server works on, how far it is, and what became of the rest.

import { post, request } from "./api.js";
import { button, fill, h, notify, percent } from "./dom.js";

export const OPEN = new Set(["PENDING", "QUEUED", "IN_PROGRESS", "PROCESSING"]);
const WORDS = {
  PENDING: "waits", QUEUED: "waits", IN_PROGRESS: "runs", PROCESSING: "runs", COMPLETED: "done",
  COMPLETED_WITH_ERRORS: "done, with errors", FAILED: "failed", CANCELED: "cancelled",
};
const KINDS = { api_taxonomies_materialize: "labels by likeness" };
const EVERY = 1500;

export async function show(content) {
  document.title = "Tasks · Likeness";
  fill(document.getElementById("crumbs"), h("a", { href: "/" }, "Collections"), h("span", { "aria-current": "page" }, "Tasks"));
  const list = h("ul", { class: "tasks" });
  fill(content, h("div", { class: "page-head" }, h("h1", {}, "Tasks")), list);
  await draw(list);
  setInterval(() => document.hidden || draw(list).catch((error) => notify(error.message, { id: "tasks" })), EVERY);
}

async function draw(list) {
  const { results } = await post("/v1/tasks/list?limit=100&sort=created_at:desc");
  fill(list, results.length ? results.map((each) => row(each, () => draw(list))) : h("li", { class: "empty quiet" }, "Nothing has been asked for yet."));
}

function row(task, again) {
  const more = task.additional_data;
  const share = OPEN.has(task.status) ? progress(more) : null;
  const cancel = async () => {
    await request("DELETE", `/v1/tasks/${encodeURIComponent(task.task_id)}`).catch((error) => notify(error.message, { kind: "bad" }));
    again();
  };
  return h("li", { class: "card" },
    h("div", { class: "row" }, h("strong", {}, KINDS[task.task_type] ?? task.task_type.replace(/^api_/, "").replaceAll("_", " ")),
      h("span", { class: `tag ${task.status.toLowerCase()}` }, WORDS[task.status] ?? task.status),
      h("span", { class: "quiet" }, more.created_at ? new Date(more.created_at).toLocaleString() : ""),
      OPEN.has(task.status) ? button("Cancel", cancel, { kind: "plain" }) : null),
    share === null ? null : h("progress", { max: 1, value: share, "aria-label": `${percent(share)} done` }),
    task.error ? h("p", { class: "fault" }, task.error) : null,
    counts(task));
}

/** The share that is done, 0 to 1, of a task that says what it has done and what there is. */
export function progress(more) {
  const { percent, processed, total } = more.progress ?? {};
  if (typeof percent === "number") return Math.min(1, percent / 100);
  if (total) return Math.min(1, processed / total);
  if (typeof more.progress === "number") return more.progress > 1 ? more.progress / 100 : more.progress;
  return more.estimated_documents ? Math.min(1, (more.processed ?? 0) / more.estimated_documents) : 0;
}

function counts(task) {
  const said = Object.entries(task.outputs?.[0] ?? {}).filter(([, value]) => typeof value === "number");
  if (!said.length) return null;
  return h("p", { class: "quiet" }, said.map(([name, value]) => `${value.toLocaleString()} ${name.replaceAll("_", " ")}`).join(", "));
}
