const LOCK = "chatsite-hidden-stream";
const MULTIPLEXED = ["h2", "h3"];

/**
 * A hidden tab wants to keep its connection. Over HTTP/1.1 a browser has six to a host, which those need that are looked
 * at: so one hidden tab at a time may, and the others let go.
 *
 * @param {() => void} letGo
 * @returns {() => void} to be called when it needs it no more, or is shown
 */
export function keepWhileHidden(letGo) {
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation instanceof PerformanceNavigationTiming && MULTIPLEXED.includes(navigation.nextHopProtocol)) return () => {};
  const done = new AbortController();
  const until = new Promise((resolve) => done.signal.addEventListener("abort", resolve));
  // Only where the address is a secure one.
  if (!navigator.locks) letGo();
  else void navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? !done.signal.aborted && until : done.signal.aborted || letGo()));
  return () => done.abort();
}
