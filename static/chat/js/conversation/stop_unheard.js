/** A request that was given up may still be on its way, and the network away. */
const PAUSES_MS = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

/**
 * Stops what answers a turn that was taken back before the site had said a word: it may have arrived all the same.
 *
 * @typedef {import("../api/requests.js").Turn} Turn
 *
 * @param {import("../api/requests.js").Requests} requests
 * @param {string} conversation
 * @param {Turn} turn
 * @param {string} id under which it is stored
 * @param {() => boolean} isWanted has it been sent again meanwhile?
 */
export async function stopUnheard(requests, conversation, turn, id, isWanted) {
  for (const pause of PAUSES_MS) {
    await network();
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (isWanted()) return;
    const generation = await generationOf(requests, conversation, turn, id);
    if (generation && !(await requests.cancelGeneration(generation))) return;
  }
}

/** What answers it, as far as the site knows. @param {import("../api/requests.js").Requests} requests @param {string} conversation @param {Turn} turn @param {string} id */
async function generationOf(requests, conversation, turn, id) {
  if (turn.kind === "continue") return id;
  const page = await requests.fetchPage(conversation, id);
  const answer = page?.querySelector("question" in turn ? `[data-parent="${id}"]` : `[id="message-${id}"]`);
  return answer?.getAttribute("data-generation") ?? "";
}

/** Resolves once the browser is not offline. */
function network() {
  return navigator.onLine ? null : new Promise((resolve) => addEventListener("online", resolve, { once: true }));
}
