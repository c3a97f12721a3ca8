// The clusters of a collection: which there are, how one is begun, and how far its run is.

import { collectionPath, get, post, request } from "../api.js";
import { button, fill, h, percent } from "../dom.js";
import { OPEN, progress } from "../progress.js";

const PAGE = 200;
const EVERY = 700;
const MOST_POINTS = 10000;
const LONGEST_NAME = 200;
const MOST_TRIES = 50;
const STAGES = { gathering: "gathering vectors", naming: "naming groups", writing: "writing groups" };

export const clusterPath = (cluster) => `/v1/clusters/${encodeURIComponent(cluster.cluster_id)}`;

/** The clusters that take this collection as input, the newest first. */
export async function clustersOf(collectionId) {
  const found = [];
  let page = 1;
  let results;
  do {
    ({ results } = await post(`/v1/clusters/list?limit=${PAGE}&page=${page}&sort=created_at:desc`));
    found.push(...results.filter((each) => each.input_collections.includes(collectionId)));
    page += 1;
  } while (results.length === PAGE);
  return found;
}

/** Makes a cluster of all the collection's vectors: HDBSCAN on a few dimensions of UMAP, and a picture in two. */
export async function makeCluster({ id, name }, least) {
  for (let number = 1; ; number += 1) {
    const body = {
      cluster_name: `${name.slice(0, LONGEST_NAME)}-groups${number === 1 ? "" : `-${number}`}`, collection_ids: [id], cluster_type: "vector",
      vector_config: { clustering_method: "hdbscan", hdbscan_parameters: { min_cluster_size: least }, vis_n_components: 2 },
    };
    try {
      return await post("/v1/clusters", body);
    } catch (error) {
      // The name is taken, maybe by a cluster of other collections.
      if (error.status !== 409 || number === MOST_TRIES) throw error;
    }
  }
}

export const startRun = (cluster) => post(`${clusterPath(cluster)}/execute`);

/** Shows how far a task is until it has ended; the task as it is then. */
export async function follow(taskId, place) {
  const bar = h("progress", { max: 1, "aria-label": "How far the run is" });
  const words = h("span", { role: "status" });
  const cancel = () => request("DELETE", `/v1/tasks/${encodeURIComponent(taskId)}`).catch(() => {});
  fill(place, h("div", { class: "row cluster-run" }, words, bar, button("Cancel", cancel, { kind: "plain" })));
  for (;; await new Promise((done) => setTimeout(done, EVERY))) {
    const task = await get(`/v1/tasks/${encodeURIComponent(taskId)}`).catch((error) => {
      if (error.status) throw error;
      words.textContent = error.message;
    });
    if (!task) continue;
    if (!OPEN.has(task.status)) return fill(place), task;
    const { stage } = task.additional_data;
    const share = progress(task.additional_data);
    words.textContent = `Finding groups: ${STAGES[stage] ?? stage?.replaceAll("_", " ") ?? "waiting"}${share ? `, ${percent(share)}` : ""}`;
    if (share) bar.value = share;
    else bar.removeAttribute("value");
  }
}

/** What the last completed run found: its groups with examples, and where their documents lie. */
export async function lastRun(cluster) {
  const path = clusterPath(cluster);
  const shown = await get(`${path}/visualization?max_points=${MOST_POINTS}&compact=true`);
  const [listed, execution] = await Promise.all([
    get(`${path}/groups?run_id=${encodeURIComponent(shown.run_id)}`),
    get(`${path}/executions/${encodeURIComponent(shown.run_id)}`),
  ]);
  return { shown, listed, execution };
}

/** The ids of all documents of a group, also of those that are not drawn. */
export async function membersOf(cluster, runId, groupId) {
  const path = `${clusterPath(cluster)}/executions/${encodeURIComponent(runId)}/export?format=json&cluster_label=${encodeURIComponent(groupId)}`;
  const { rows } = await get(path);
  return rows.filter((each) => !each.is_centroid && each.cluster_id === groupId).map((each) => each.document_id);
}

export const collectionId = async (name) => (await get(collectionPath(name))).collection_id;
