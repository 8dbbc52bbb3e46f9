/**
 * What the reader thinks of answers. What its forms do is loaded when one is used, and done then.
 *
 * @typedef {import("./feedback_forms.js").Owner & {onUnreachable: () => void}} Owner
 */
export class Feedback {
  #thread;
  #requests;
  #owner;
  #unused = new AbortController();
  /** @type {Promise<import("./feedback_forms.js").FeedbackForms | null> | null} */
  #loading = null;

  /** @param {HTMLElement} thread @param {import("../api/requests.js").Requests} requests @param {Owner} owner */
  constructor(thread, requests, owner) {
    this.#thread = thread;
    this.#requests = requests;
    this.#owner = owner;
    const { signal } = this.#unused;
    thread.addEventListener("submit", (event) => void this.#submitted(event), { signal });
    // The event does not bubble.
    thread.addEventListener("toggle", ({ target }) => void this.#toggled(target), { capture: true, signal });
  }

  /** @param {SubmitEvent} event */
  async #submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches(".feedback, .comment__form")) return;
    event.preventDefault();
    if (await this.#load()) form.requestSubmit(event.submitter);
    else this.#owner.onUnreachable();
  }

  /** @param {EventTarget | null} comment */
  async #toggled(comment) {
    if (comment instanceof Element && comment.matches(".comment[open]")) (await this.#load())?.toggled(comment);
  }

  /** Null: it cannot be had just now. */
  async #load() {
    this.#loading ??= import("./feedback_forms.js").then(({ FeedbackForms }) => {
      this.#unused.abort();
      return new FeedbackForms(this.#thread, this.#requests, this.#owner);
    }, () => null);
    const forms = await this.#loading;
    if (!forms) this.#loading = null;
    return forms;
  }
}
