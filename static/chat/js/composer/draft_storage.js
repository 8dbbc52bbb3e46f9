const PREFIX = "chatsite.draft.";

/**
 * What has been typed and not been accepted yet, for each conversation, in this browser's storage.
 *
 * A text that was sent remembers under which ids until the server is known to have it, so that sending it again after
 * a lost connection, a reload or a login joins what the server may have stored the first time.
 *
 * @typedef {import("../api/requests.js").Attachment} Attachment
 * @typedef {{text: string, attachments: Attachment[]}} Written
 *
 * @typedef {object} Sent
 * @property {string} text
 * @property {Attachment[]} [attachments]
 * @property {string} id
 * @property {string} conversation
 * @property {string | null} parent
 * @property {boolean} isBack has it come back into the field? Otherwise it precedes what is typed
 * @property {boolean} [awaitsLogin] is it to be sent when its writer comes back from the login?
 *
 * @typedef {{typed: string, attachments?: Attachment[], sent?: Sent | undefined, isLeft?: boolean}} Draft `isLeft`: the
 * tab whose it was is gone
 */
export class DraftStorage {
  #prefix;

  /** @param {string} user whose drafts they are: a browser may be shared */
  constructor(user) {
    this.#prefix = `${PREFIX}${user}.`;
  }

  /** @param {string} conversation @returns {Draft | null} */
  read(conversation) {
    try {
      return JSON.parse(localStorage.getItem(this.#prefix + conversation) ?? "null");
    } catch {
      return null;
    }
  }

  /** @param {string} conversation @param {Draft} draft */
  write(conversation, draft) {
    if (!draft.typed && !draft.attachments?.length && !draft.sent) return this.forget(conversation);
    try {
      localStorage.setItem(this.#prefix + conversation, JSON.stringify(draft));
    } catch {
      // Storage is full or not allowed: the text is still in the composer.
    }
  }

  /** @param {string} conversation */
  forget(conversation) {
    try {
      localStorage.removeItem(this.#prefix + conversation);
    } catch {
      // Storage is not allowed, so there is nothing in it.
    }
  }

  /** Where there are drafts. @returns {string[]} */
  get places() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(this.#prefix)).map((key) => key.slice(this.#prefix.length));
    } catch {
      return [];
    }
  }

  /** Those of all conversations, at logging out. */
  forgetAll() {
    for (const place of this.places) this.forget(place);
  }
}
