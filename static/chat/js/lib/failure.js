import { gettext, interpolate, ngettext } from "./i18n.js";

const UNREACHABLE = gettext("The site cannot be reached. Check your connection and try again.");
const NOT_A_STREAM = gettext("The site did not answer as expected. Reload the page and try again.");
/** From a proxy, which has no words for our users. */
const BUSY = gettext("The site cannot take this now.");
const OVERLOADED = [429, 502, 503, 504];
/** However long a `Retry-After` is. */
const LONGEST_WAIT_MS = 60_000;
/** Below, a wait is told in seconds. */
const TOLD_IN_MINUTES = 120;

/**
 * What the site says instead of a stream, in words for the user; null if it is a stream.
 *
 * @typedef {{status: number, code: string, message: string, isFinal: boolean, waitMs: number, leaf?: string}} Failure
 * `isFinal`: not to be tried again; `waitMs`: not before this time; `leaf`: where a conversation ends that has gone on
 *
 * @param {Response | null} response null: none came, or it broke off
 * @param {boolean} isAsking is this the request that begins the reply?
 * @returns {Promise<Failure | null>}
 */
export async function failureOf(response, isAsking) {
  if (!response) return { status: 0, code: "unreachable", message: UNREACHABLE, isFinal: false, waitMs: 0 };
  if (response.ok && response.headers.get("Content-Type")?.startsWith("text/event-stream")) return null;
  const { status } = response;
  const { code = "", message = "", leaf } = await errorIn(response);
  const isFinal = (status >= 400 && status < 500) || (isAsking && status === 503 && message !== "");
  const seconds = secondsToWait(response.headers.get("Retry-After"));
  const waitMs = Math.min(seconds * 1_000, LONGEST_WAIT_MS);
  // The site's own sentences say when themselves.
  const sentence = message || (OVERLOADED.includes(status) ? [BUSY, ...(seconds ? [when(seconds)] : [])].join(" ") : NOT_A_STREAM);
  return { status, code, message: sentence, isFinal, waitMs, ...(leaf && { leaf }) };
}

/** @param {Response} response @returns {Promise<{code?: string, message?: string, leaf?: string}>} */
async function errorIn(response) {
  try {
    return (await response.json()).error ?? {};
  } catch {
    return {};
  }
}

/** @param {string | null} retryAfter in seconds or as a date (RFC 9110, section 10.2.3) */
function secondsToWait(retryAfter) {
  if (!retryAfter) return 0;
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1_000;
  return Math.max(0, Math.ceil(seconds)) || 0;
}

/** @param {number} seconds */
function when(seconds) {
  if (seconds < TOLD_IN_MINUTES) return interpolate(gettext("Try again in %(seconds)s s."), { seconds });
  const minutes = Math.ceil(seconds / 60);
  return interpolate(ngettext("Try again in %(minutes)s minute.", "Try again in %(minutes)s minutes.", minutes), { minutes });
}
