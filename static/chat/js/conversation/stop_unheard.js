/** A request that was given up may still be on its way, and the network away. */
const PAUSES_MS = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

/**
 * Stops what answers a turn that was taken back before the site had said a word: it may have arrived all the same.
 *
 * @param {import("../api/requests.js").Requests} requests
 * @param {string} id under which it was sent
 * @param {() => boolean} isWanted has it been sent again meanwhile?
 */
export async function stopUnheard(requests, id, isWanted) {
  const over = new AbortController();
  addEventListener("pagehide", () => isWanted() || requests.cancelOnLeaving(id), { signal: over.signal });
  for (const pause of PAUSES_MS) {
    await network();
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (isWanted() || !(await requests.cancelGeneration(id))) break;
  }
  over.abort();
}

/** Resolves once the browser is not offline. */
function network() {
  return navigator.onLine ? null : new Promise((resolve) => addEventListener("online", resolve, { once: true }));
}
