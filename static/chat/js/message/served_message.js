import { FeedbackMark } from "./feedback_mark.js";
import { MessageView } from "./message_view.js";
import { segmentsOf } from "./message_tools.js";

/**
 * A message as the server has rendered it shows what it has. What it may come to have, such as its row of actions,
 * stands once in the page, in the template for new ones: with that it is like one that was made here.
 *
 * @param {HTMLElement} element
 * @param {import("./message_view.js").MessageUrls} addresses of what it asks for
 */
export function completeMessage(element, addresses) {
  const view = new MessageView(element);
  const isAnswer = view.role === "assistant";
  addMissing(element, MessageView.create(isAnswer ? "assistant" : "user").element);
  view.siblings.show(view.siblings.place);
  const edit = element.querySelector(".actions__edit");
  if (view.role === "user") edit?.setAttribute("href", `?edit=${view.id}`);
  else edit?.remove();
  if (!isAnswer) return;
  view.lead(addresses, element.dataset["model"] ?? "");
  new FeedbackMark(element).begin();
  if (!view.generation) element.querySelector('[data-action="details"]')?.remove();
}

/** Each part in its place; the row of actions in that of the link to a page of them. @param {Element} element @param {Element} whole */
function addMissing(element, whole) {
  /** The last one that is in its place. @type {Element | null} */
  let at = null;
  for (const part of [...whole.children]) {
    const own = part.matches(".message__body") ? segmentsOf(element).at(-1) : element.querySelector(`:scope > .${part.classList[0]}`);
    if (own?.matches(".message__ending")) addMissing(own, part);
    if (own?.matches(".actions")) own.replaceWith(part);
    // Below what is listed there and what waits for a yes.
    else if (!own && part.matches(".message__ending")) element.querySelector(":scope > .actions")?.before(part);
    else if (!own) at?.after(part);
    at = part.parentElement === element ? part : (own ?? null);
  }
}
