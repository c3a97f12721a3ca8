// Decisions on their way to the server. They are kept in the browser until it has them, so that none is lost when the
// network, the session or the page goes away. Each has an id of its own: sent twice, it counts once.

import { collectionPath, namespace, post } from "../api.js";

const AT_ONCE = 20;
const LONGEST_PAUSE = 15000;
const PREFIX = "likeness.outbox";

export const newId = () => `dec_${crypto.getRandomValues(new Uint32Array(4)).reduce((text, each) => text + each.toString(36), "")}`;

export class Outbox {
  /** `told(result, decision)` hears each answer, `troubled(kind, message)` what keeps them from leaving ("" when nothing). */
  constructor(collection, { told, troubled, affected = () => {} }) {
    this.path = `${collectionPath(collection)}/review/decisions`;
    this.place = `${PREFIX}.${namespace()}.${collection}`;
    this.mine = `${this.place}.${newId()}`;
    this.told = told;
    this.troubled = troubled;
    this.affected = affected;
    this.waiting = this.#leftBehind();
    this.inFlight = [];
    this.pause = 0;
    this.running = null;
    this.#keep();
    this.flush();
  }

  get length() {
    return this.waiting.length + this.inFlight.length;
  }

  push(decision) {
    this.waiting.push(decision);
    this.#keep();
    this.flush();
  }

  /** Takes back what has not left yet; false when it is too late for that. */
  cancel(decisionId) {
    const at = this.waiting.findIndex((each) => each.decision_id === decisionId);
    if (at < 0) return false;
    this.waiting.splice(at, 1);
    this.#keep();
    return true;
  }

  /** Sends what waits, in order; resolves when all has left or something is in the way. */
  flush() {
    this.running ??= this.#send().finally(() => { this.running = null; });
    return this.running;
  }

  resume() {
    this.pause = 0;
    return this.flush();
  }

  async #send() {
    // What is decided in the same moment leaves together.
    await new Promise((done) => setTimeout(done, 30));
    while (this.waiting.length) {
      this.inFlight = this.waiting.splice(0, AT_ONCE);
      try {
        const answer = await post(this.path, { decisions: this.inFlight });
        const sent = this.inFlight;
        this.inFlight = [];
        this.pause = 0;
        this.#keep();
        this.troubled("", "");
        answer.results.forEach((result, at) => this.told(result, sent[at]));
        if (answer.affected) this.affected(answer.affected);
      } catch (error) {
        if (!(await this.#tryAgain(error))) return;
      }
    }
  }

  async #tryAgain(error) {
    const sent = this.inFlight;
    this.inFlight = [];
    if (error.status === 401) {
      this.waiting.unshift(...sent);
      this.troubled("signed-out", error.message);
      return false;
    }
    if (error.status >= 400 && error.status < 500 && error.status !== 429) {
      // One that cannot be read must not hold up the others: they are sent one by one, and it is named.
      if (sent.length > 1) for (const each of sent) await this.#sendAlone(each);
      else this.told({ decision_id: sent[0].decision_id, error: error.message, documents: [] }, sent[0]);
      this.#keep();
      return true;
    }
    this.waiting.unshift(...sent);
    this.troubled("offline", error.message);
    this.pause = Math.min(LONGEST_PAUSE, this.pause ? this.pause * 2 : 500);
    await new Promise((done) => setTimeout(done, this.pause));
    return true;
  }

  async #sendAlone(decision) {
    try {
      const answer = await post(this.path, { decisions: [decision] });
      this.told(answer.results[0], decision);
    } catch (error) {
      if (error.status === 401 || error.status === 0 || error.status >= 500) this.waiting.push(decision);
      else this.told({ decision_id: decision.decision_id, error: error.message, documents: [] }, decision);
    }
  }

  #keep() {
    const all = [...this.inFlight, ...this.waiting];
    if (all.length) localStorage.setItem(this.mine, JSON.stringify(all));
    else localStorage.removeItem(this.mine);
  }

  /** What earlier visits could not send. A page that is still open sends its own too; the server counts them once. */
  #leftBehind() {
    const found = [];
    for (const name of Object.keys(localStorage).filter((each) => each.startsWith(`${this.place}.`))) {
      try {
        found.push(...JSON.parse(localStorage.getItem(name)));
      } catch {
        // Not ours to read.
      }
      localStorage.removeItem(name);
    }
    return found;
  }
}
