import { Markdown } from "./markdown.js";
import { PlainTextView } from "./render/plain_text_view.js";
import { withScrollAnchored } from "../ui/with_scroll_anchored.js";

/** Answers this far from what is on the screen are rendered before the reader reaches them. */
const AHEAD = "1500px 0px";
/** What models wrote. Reasoning that is folded is near when it is opened. `.turn` is of the staff's transcript. */
const OF_MODELS = [
  '[data-role="assistant"] :is(.message__body, .message__thoughts)',
  ".turn--assistant .turn__text",
].join();

/** @type {Markdown | null} */
let markdown = null;
/** @type {Promise<void> | null} */
let loading = null;
/** Answers that are plain text as yet. @type {Set<Element>} */
const waiting = new Set();
const near = new IntersectionObserver((entries) => {
  const reached = entries.filter(({ isIntersecting }) => isIntersecting).map(({ target }) => target);
  withScrollAnchored(() => reached.forEach(render));
}, { rootMargin: AHEAD });

/**
 * The text of an answer: Markdown, once its libraries are there, and plain text until then and without them.
 * Nothing is lost between the two: what plain text shows is what Markdown takes up.
 */
export class ModelText {
  #element;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /** Renders the answers in `roots`, when they are near to what is on the screen. @param {...Element} roots */
  static renderWhenNear(...roots) {
    const texts = roots.flatMap((root) => [...root.querySelectorAll(OF_MODELS)]);
    for (const text of texts) waiting.add(text);
    if (markdown) for (const text of texts) near.observe(text);
    else void (loading ??= load());
  }

  /** As the model wrote it. */
  get text() {
    return markdown?.view(this.#element).text ?? this.#element.textContent ?? "";
  }

  /** @param {string} text */
  append(text) {
    this.#text.append(text);
  }

  clear() {
    this.#text.clear();
  }

  /** The message has another source, which it may have named already. */
  cite() {
    markdown?.view(this.#element).cite();
  }

  /** No more will come. */
  settle() {
    if (markdown) markdown.view(this.#element).finish();
    else new PlainTextView(this.#element).settle();
  }

  get #text() {
    return markdown?.view(this.#element) ?? new PlainTextView(this.#element);
  }
}

/** Without the libraries all stays as it is. */
async function load() {
  markdown = await Markdown.load();
  if (!markdown) return;
  for (const text of waiting) near.observe(text);
  // What was answered meanwhile.
  ModelText.renderWhenNear(document.body);
  addEventListener("beforeprint", printAll);
}

function printAll() {
  markdown?.completeNow(document);
  waiting.forEach(render);
}

/** What goes wrong with one answer is no reason to leave out the others. @param {Element} text */
function render(text) {
  near.unobserve(text);
  waiting.delete(text);
  try {
    layOut(text);
  } catch (error) {
    console.error(error);
  }
}

/** @param {Element} text */
function layOut(text) {
  const modelText = new ModelText(/** @type {HTMLElement} */ (text));
  if (text.closest('[data-status="running"]')) modelText.append("");
  else modelText.settle();
}
