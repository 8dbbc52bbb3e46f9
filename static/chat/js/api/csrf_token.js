const FIELD = 'input[name="csrfmiddlewaretoken"]';

/** The token against cross-site request forgery, as the forms of this page bear it. */
export class CsrfToken {
  #url;

  /** @param {string} url of a page of this site that is cheap to get */
  constructor(url) {
    this.#url = url;
  }

  get value() {
    return tokenIn(document) ?? "";
  }

  /**
   * Takes over the token of a page as the site serves it now; a login in another tab has changed it, for example.
   * Not from the page of another user: what was written here is not theirs to send.
   *
   * @param {AbortSignal | null} [signal]
   * @returns {Promise<boolean>} is there another one now? Rejects where the site cannot be reached.
   */
  async renew(signal) {
    const response = await fetch(this.#url, { signal, cache: "no-store", headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const token = tokenIn(page);
    if (!token || isOfAnotherUser(page)) return false;
    for (const input of inputsOf(document)) input.value = token;
    return true;
  }
}

/** @param {Document} page */
function tokenIn(page) {
  return Array.from(inputsOf(page), (input) => input.value).find(Boolean);
}

/** @param {Document} page @returns {NodeListOf<HTMLInputElement>} */
function inputsOf(page) {
  return page.querySelectorAll(FIELD);
}

/** The login page is nobody's: what is sent with its token is answered with 401. @param {Document} page */
function isOfAnotherUser(page) {
  const [theirs, ours] = [page, document].map((each) => each.getElementById("account")?.dataset["user"]);
  return theirs !== undefined && theirs !== ours;
}
