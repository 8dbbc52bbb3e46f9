import { failureAdvice } from "../ui/failure_advice.js";
import { failureOf } from "../lib/failure.js";
import { gettext } from "../lib/i18n.js";
import { scrollToReveal } from "../ui/scroll_to_reveal.js";

const PATIENCE_MS = 30_000;
const WAIT = gettext("One moment…");
const GONE = gettext("The details could not be read.");
const AGAIN = gettext("Try again");
/** An error as JSON, where a person would get a page. */
const HEADERS = { Accept: "text/html, application/json" };

/**
 * Fills the panel of an answer's details with what stands on the page that the action links to.
 *
 * @typedef {import("./details.js").Advise} Advise
 *
 * @param {HTMLElement} panel @param {HTMLAnchorElement} link @param {Advise} advise
 */
export async function fillDetails(panel, link, advise) {
  panel.textContent = WAIT;
  const request = fetch(link.href, { headers: HEADERS, signal: AbortSignal.timeout(PATIENCE_MS) });
  const response = await request.catch(() => null);
  const details = await detailsIn(response);
  const failure = details ? null : await failureOf(response?.ok ? null : response, false);
  if (!panel.isConnected) return;
  if (details) panel.replaceChildren(...details.childNodes);
  else panel.replaceChildren(failureLine(panel, link, failure ? advise(failure) : { sentence: GONE }, advise));
  scrollToReveal(panel);
}

/** @param {HTMLElement} panel @param {HTMLAnchorElement} action @param {import("../ui/failure_advice.js").Advice} advice @param {Advise} advise */
function failureLine(panel, action, { sentence, link }, advise) {
  const line = Object.assign(document.createElement("p"), { className: "details__failure", role: "alert" });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button button--quiet", textContent: AGAIN });
  button.addEventListener("click", () => {
    action.focus({ preventScroll: true });
    void fillDetails(panel, action, advise);
  });
  line.append(...failureAdvice(sentence, link), button);
  return line;
}

/** @param {Response | null} response @returns {Promise<Element | null>} with its times as the reader's clock has them */
async function detailsIn(response) {
  const html = response?.ok ? await response.text().catch(() => "") : "";
  const details = new DOMParser().parseFromString(html, "text/html").querySelector(".details");
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });
  for (const time of details?.querySelectorAll("time") ?? []) time.textContent = format.format(new Date(time.dateTime));
  return details;
}
