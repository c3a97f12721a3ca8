// Where documents lie on the canvas: what is moved and enlarged, what lies near a place, and what a shape holds.

const LEAST_SCALE = 0.5;
const MOST_SCALE = 200;
const MARGIN = 24;
// Below the picture, where its buttons are.
const FOOT = 36;

export class Points {
  /** `x`, `y`: places as the run has them; `groups`: the number of each document's group. */
  constructor({ ids, x, y, groups }) {
    Object.assign(this, { ids, x, y, groups });
    this.at = new Map(ids.map((id, at) => [id, at]));
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.bounds = { left: lowest(x), right: -lowest(x.map((each) => -each)), top: lowest(y), bottom: -lowest(y.map((each) => -each)) };
  }

  get count() {
    return this.ids.length;
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    const { left, right, top, bottom } = this.bounds;
    this.unit = Math.min((width - 2 * MARGIN) / (right - left || 1), (height - 2 * MARGIN - FOOT) / (bottom - top || 1));
    this.middle = [(left + right) / 2, (top + bottom) / 2];
  }

  /** On the canvas, in its pixels. */
  place(x, y) {
    const step = this.unit * this.scale;
    return [this.width / 2 + this.left + (x - this.middle[0]) * step, (this.height - FOOT) / 2 + this.top - (y - this.middle[1]) * step];
  }

  placeOf(at) {
    return this.place(this.x[at], this.y[at]);
  }

  whole() {
    this.scale = 1;
    this.left = 0;
    this.top = 0;
  }

  pan(across, down) {
    this.left += across;
    this.top += down;
  }

  /** Enlarges around a place of the canvas, which stays where it is. */
  zoom(factor, [x, y] = [this.width / 2, (this.height - FOOT) / 2]) {
    const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, this.scale * factor));
    const by = scale / this.scale;
    const [across, down] = [x - this.width / 2, y - (this.height - FOOT) / 2];
    this.left = across - (across - this.left) * by;
    this.top = down - (down - this.top) * by;
    this.scale = scale;
  }

  /** The document that is nearest to a place, within so many pixels; -1 when none is. */
  nearest([x, y], within) {
    let [found, best] = [-1, within * within];
    for (let at = 0; at < this.count; at += 1) {
      const [px, py] = this.placeOf(at);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance <= best) [found, best] = [at, distance];
    }
    return found;
  }

  /** The documents inside a shape, given by its corners. */
  inside(shape) {
    const found = [];
    for (let at = 0; at < this.count; at += 1) if (holds(shape, this.placeOf(at))) found.push(this.ids[at]);
    return found;
  }
}

function lowest(values) {
  let found = Infinity;
  for (const each of values) if (each < found) found = each;
  return found === Infinity ? 0 : found;
}

/** Whether a place is inside: a ray to the right crosses the edge an odd number of times. */
function holds(shape, [x, y]) {
  let isInside = false;
  for (let at = 0, before = shape.length - 1; at < shape.length; before = at, at += 1) {
    const [[ax, ay], [bx, by]] = [shape[at], shape[before]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside;
  }
  return isInside;
}
