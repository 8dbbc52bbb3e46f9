/** Where the draft of a tab with a new conversation is: `new.<tab>`, `new-temporary.<tab>`. */
const OF_A_TAB = /^new(-temporary)?\.[^.]+$/;

/**
 * Says of the drafts of tabs that are gone without a word, as after a crash, that they were left: the next new
 * conversation takes them over. Whose lock nobody holds is gone.
 * @param {import("./draft_storage.js").DraftStorage} drafts
 */
export async function markOrphans(drafts) {
  const places = drafts.places.filter((place) => OF_A_TAB.test(place) && !drafts.read(place)?.isLeft);
  if (!places.length || !navigator.locks) return;
  const { held = [], pending = [] } = await navigator.locks.query();
  const open = new Set([...held, ...pending].map(({ name }) => name));
  for (const place of places) {
    const draft = drafts.read(place);
    if (draft && !open.has(lockOf(place))) drafts.write(place, { ...draft, isLeft: true });
  }
}

/** As long as this page is there, its draft is not one that was left. @param {string} place */
export function holdDraft(place) {
  const hold = () => void navigator.locks?.request(lockOf(place), { mode: "shared" }, untilHidden);
  hold();
  addEventListener("pageshow", ({ persisted }) => persisted && hold());
}

/** A browser keeps no page for its Back button that holds a lock. */
function untilHidden() {
  return new Promise((resolve) => addEventListener("pagehide", resolve, { once: true }));
}

/** @param {string} place */
function lockOf(place) {
  return `chatsite.draft.${place}`;
}
