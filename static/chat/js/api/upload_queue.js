import { failureOf } from "../lib/failure.js";
import { gettext } from "../lib/i18n.js";
import { postWithProgress } from "./post_with_progress.js";

/** The browser makes six connections to a host over HTTP/1.1, and answers need some. */
const AT_ONCE = 2;
const TOO_LARGE = gettext("This file is larger than the site takes.");
const UNREADABLE = gettext("This file cannot be read. Perhaps it has been moved or changed, or it is a folder.");

/**
 * Files on their way to the site, a few at a time.
 *
 * @typedef {import("./requests.js").Attachment} Attachment
 * @typedef {import("../lib/failure.js").Failure} Failure
 * @typedef {import("./post_with_progress.js").Watch} Watch
 */
export class UploadQueue {
  #requests;
  #running = 0;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {import("./requests.js").Requests} requests */
  constructor(requests) {
    this.#requests = requests;
  }

  /**
   * Sends a file as soon as it is its turn. The same id once more joins what the site has stored.
   * @param {string} id
   * @param {File} file
   * @param {Watch} watch
   * @returns {Promise<{attachment: Attachment} | {failure: Failure}>}
   */
  async send(id, file, watch) {
    if (this.#running < AT_ONCE) this.#running += 1;
    else await new Promise((/** @type {(value?: undefined) => void} */ go) => this.#waiting.push(go));
    try {
      return await this.#send(id, file, watch);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  /** @param {string} id @param {File} file @param {Watch} watch */
  async #send(id, file, watch) {
    const body = new FormData();
    body.append("id", id);
    body.append("file", file);
    const url = this.#requests.attachmentsUrl;
    const response = await this.#requests
      .withToken((token) => postWithProgress(url, body, { Accept: "application/json", "X-CSRFToken": token }, watch), watch.signal)
      .catch(() => null);
    const attachment = response?.ok ? await attachmentIn(response.clone()) : null;
    return attachment ? { attachment } : { failure: await inWords(response, file) };
  }
}

/** @param {Response} response @returns {Promise<Attachment | null>} */
async function attachmentIn(response) {
  const attachment = await response.json().catch(() => null);
  return attachment?.id ? attachment : null;
}

/** @param {Response | null} response @param {File} file @returns {Promise<Failure>} */
async function inWords(response, file) {
  const failure = /** @type {Failure} */ (await failureOf(response, false));
  if (!response && !(await isReadable(file))) return { ...failure, code: "unreadable", message: UNREADABLE, isFinal: true };
  // A proxy has no words for our users.
  return failure.status === 413 && !failure.code ? { ...failure, message: TOO_LARGE } : failure;
}

/** @param {File} file */
function isReadable(file) {
  return file.slice(0, 1).arrayBuffer().then(() => true, () => false);
}
