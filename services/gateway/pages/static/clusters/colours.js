// One colour for each group, told apart as well as so many can be, light on dark and dark on light.

const STEP = 137.508;
const dark = matchMedia("(prefers-color-scheme: dark)");

export const NOISE = "-1";

/** The colour of the group of this rank; of documents in no group below zero. */
export function colourOf(rank) {
  if (rank < 0) return named("--quiet");
  const hue = (rank * STEP + 25) % 360;
  const step = Math.floor(rank / 6) % 2;
  return dark.matches ? `oklch(${step ? 0.86 : 0.76} 0.14 ${hue})` : `oklch(${step ? 0.44 : 0.56} 0.17 ${hue})`;
}

export const named = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const onScheme = (listener) => dark.addEventListener("change", listener);
