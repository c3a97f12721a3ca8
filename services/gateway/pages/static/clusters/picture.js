// The picture of a run: a canvas to look at, to move and enlarge, and to draw a shape around what belongs together.

import { h } from "../dom.js";
import { colourOf, named, onScheme } from "./colours.js";
import { Points } from "./points.js";

const NEAR = 12;
const CLICK = 5;
const MOST_NAMES = 40;
const LONGEST_NAME = 28;
const PAN = 60;

export class Picture {
  /** `actions`: hover(id, place), select(ids, isMore), selectGroup(id, isMore). */
  constructor(actions) {
    this.actions = actions;
    this.selected = new Set();
    this.marked = null;
    this.mode = "lasso";
    this.shape = [];
    this.pointers = new Map();
    this.canvas = h("canvas", {
      tabindex: "0", role: "img", class: "cluster-canvas", onpointerdown: (event) => this.press(event), onpointermove: (event) => this.follow(event),
      onpointerup: (event) => this.release(event), onpointercancel: (event) => this.release(event), onpointerleave: () => this.actions.hover(null),
      onkeydown: (event) => this.onKey(event),
    });
    this.canvas.addEventListener("wheel", (event) => this.turnWheel(event), { passive: false });
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    onScheme(() => this.draw());
  }

  /** `groups` are {id, name, rank, count, x, y}, the largest first. */
  show(members, groups) {
    this.groups = groups;
    this.ranks = new Map(groups.map((each) => [each.id, each.rank]));
    this.points = new Points(members);
    this.canvas.setAttribute("aria-label", `Picture of ${this.points.count.toLocaleString()} documents. The list of groups holds the same.`);
    this.resize();
  }

  select(ids) {
    this.selected = new Set(ids);
    this.draw();
  }

  /** Draws a ring around a document; where it is, or null when it is not shown. */
  mark(id) {
    if (id !== this.marked) this.draw(false);
    this.marked = id;
    const at = id === null ? undefined : this.points?.at.get(id);
    return at === undefined ? null : this.points.placeOf(at);
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!this.points || !clientWidth) return;
    this.density = devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * this.density);
    this.canvas.height = Math.round(clientHeight * this.density);
    this.points.resize(clientWidth, clientHeight);
    this.draw();
  }

  /** With the next frame; the points, which take long, only where they look otherwise. */
  draw(isOtherwise = true) {
    if (isOtherwise) this.layer = null;
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.paint(); });
  }

  get radius() {
    const { count, scale } = this.points;
    return (count < 500 ? 5.5 : count < 3000 ? 3.6 : 2.4) * Math.min(2, Math.max(1, scale ** 0.35));
  }

  paint() {
    if (!this.points?.width) return;
    this.layer ??= this.paintLayer();
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.layer, 0, 0);
    pen.setTransform(this.density, 0, 0, this.density, 0, 0);
    this.paintMark(pen);
    this.paintShape(pen);
  }

  /** Points and names, as they are until something is moved or selected. */
  paintLayer() {
    const layer = h("canvas", { width: this.canvas.width, height: this.canvas.height });
    const pen = layer.getContext("2d");
    pen.setTransform(this.density, 0, 0, this.density, 0, 0);
    this.paintPoints(pen, (at) => !this.selected.has(this.points.ids[at]), this.selected.size ? 0.3 : 0.85);
    if (this.selected.size) this.paintPoints(pen, (at) => this.selected.has(this.points.ids[at]), 1);
    this.paintNames(pen);
    return layer;
  }

  paintPoints(pen, isWanted, alpha) {
    const dots = new Map();
    const { radius } = this;
    pen.globalAlpha = alpha;
    for (let at = 0; at < this.points.count; at += 1) {
      if (!isWanted(at)) continue;
      const [x, y] = this.points.placeOf(at);
      if (x < -radius || y < -radius || x > this.points.width + radius || y > this.points.height + radius) continue;
      const rank = this.ranks.get(this.points.groups[at]) ?? -1;
      if (!dots.has(rank)) dots.set(rank, this.dot(rank, radius));
      const dot = dots.get(rank);
      const side = dot.width / this.density;
      pen.drawImage(dot, x - side / 2, y - side / 2, side, side);
    }
    pen.globalAlpha = 1;
  }

  /** A point of a group, which is put down as often as there are documents: much faster than drawing each. */
  dot(rank, radius) {
    // A pixel around it, for soft edges.
    const side = Math.ceil(2 * radius * this.density) + 2;
    const dot = h("canvas", { width: side, height: side });
    const pen = dot.getContext("2d");
    pen.fillStyle = colourOf(rank);
    pen.arc(side / 2, side / 2, radius * this.density, 0, 2 * Math.PI);
    pen.fill();
    return dot;
  }

  /** The names of the largest groups, where they do not lie on each other. */
  paintNames(pen) {
    pen.font = "600 13px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const taken = [];
    for (const each of this.groups.filter((group) => group.x !== null).slice(0, MOST_NAMES)) {
      const name = each.name.length > LONGEST_NAME ? `${each.name.slice(0, LONGEST_NAME - 1)}…` : each.name;
      const [x, y] = this.points.place(each.x, each.y);
      const half = pen.measureText(name).width / 2 + 4;
      if (taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 18)) continue;
      taken.push({ x, y, half });
      pen.lineWidth = 4;
      pen.strokeStyle = named("--front");
      pen.strokeText(name, x, y);
      pen.fillStyle = named("--text");
      pen.fillText(name, x, y);
    }
  }

  paintMark(pen) {
    const at = this.marked === null ? undefined : this.points.at.get(this.marked);
    if (at === undefined) return;
    const [x, y] = this.points.placeOf(at);
    pen.beginPath();
    pen.arc(x, y, this.radius + 4, 0, 2 * Math.PI);
    pen.lineWidth = 3;
    pen.strokeStyle = named("--text");
    pen.stroke();
  }

  paintShape(pen) {
    if (this.shape.length < 2) return;
    pen.beginPath();
    this.shape.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
    pen.fillStyle = pen.strokeStyle = named("--accent");
    pen.globalAlpha = 0.12;
    pen.fill("evenodd");
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    pen.setLineDash([6, 4]);
    pen.stroke();
    pen.setLineDash([]);
  }

  press(event) {
    if (!this.points || event.button > 1) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    // A second finger moves and enlarges, whatever the first one had begun.
    this.isPanning = this.mode === "pan" || event.button === 1 || this.pointers.size > 1;
    this.shape = this.isPanning ? [] : [[event.offsetX, event.offsetY]];
    this.pressed = this.pointers.size > 1 ? null : [event.offsetX, event.offsetY];
    this.actions.hover(null);
  }

  follow(event) {
    if (!this.points) return;
    const place = [event.offsetX, event.offsetY];
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.hover(place);
    this.pointers.set(event.pointerId, place);
    if (this.pressed && Math.hypot(place[0] - this.pressed[0], place[1] - this.pressed[1]) > CLICK) this.pressed = null;
    if (this.pointers.size > 1) this.pinch(event.pointerId, before, place);
    else if (this.isPanning) this.points.pan(place[0] - before[0], place[1] - before[1]);
    else this.shape.push(place);
    this.draw(this.isPanning);
  }

  pinch(moved, before, now) {
    const other = [...this.pointers].find(([id]) => id !== moved)[1];
    const span = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]) || 1;
    this.points.zoom(span(now) / span(before), other);
  }

  release(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const { shape, pressed } = this;
    this.shape = [];
    this.pressed = null;
    this.draw(false);
    if (event.type === "pointercancel" || this.pointers.size) return;
    if (pressed) return this.click(pressed, event.shiftKey);
    if (!this.isPanning && shape.length > 2) this.actions.select(this.points.inside(shape), event.shiftKey);
  }

  click(place, isMore) {
    const at = this.points.nearest(place, NEAR);
    if (at >= 0) this.actions.selectGroup(this.points.groups[at], isMore);
    else if (!isMore) this.actions.select([], false);
  }

  hover(place) {
    const at = this.points.nearest(place, NEAR);
    this.actions.hover(at < 0 ? null : this.points.ids[at], at < 0 ? null : this.points.placeOf(at));
  }

  turnWheel(event) {
    if (!this.points) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), [event.offsetX, event.offsetY]);
  }

  zoom(factor, around) {
    this.points?.zoom(factor, around);
    this.actions.hover(null);
    this.draw();
  }

  whole() {
    this.points?.whole();
    this.draw();
  }

  onKey(event) {
    const step = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || !this.points) return;
    event.preventDefault();
    event.stopPropagation();
    this.points.pan(...step);
    this.draw();
  }
}
