// The keys of a review. Each of them has a button as well.

export const KEYS = [
  ["Enter", "accept the first suggestion"],
  ["1 – 9", "choose that suggestion"],
  ["/ or a letter", "type a label"],
  ["u", "leave it unknown for now"],
  ["i", "ignore it for good"],
  ["x", "take the selected one out of the group"],
  ["z", "undo, as often as you like"],
  ["← → ↑ ↓", "select one picture"],
  ["Esc", "select the whole group again"],
  ["j, k", "next group, previous group"],
  ["o", "open the selected document"],
  ["?", "show these keys"],
];

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Listens to the page and calls what a key stands for; returns how to stop. */
export function listen(actions) {
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (run(event, actions)) event.preventDefault();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

function run(event, actions) {
  const { key } = event;
  // A button or link that was reached by Tab is pressed by Enter as everywhere else.
  if (key === "Enter") return !event.target.closest?.("button, a, summary") && (actions.accept(event), true);
  if (/^[1-9]$/.test(key)) return actions.choose(Number(key) - 1, event), true;
  if (ARROWS[key]) return actions.move(...ARROWS[key]), true;
  const named = { x: "setApart", u: "unknown", i: "ignore", z: "undo", j: "next", k: "previous", o: "open", "?": "help", Escape: "wholeGroup", "/": "type" }[key];
  if (named) return actions[named](event), true;
  if (/^\p{L}$/u.test(key)) return actions.type(event, key), true;
  return false;
}
