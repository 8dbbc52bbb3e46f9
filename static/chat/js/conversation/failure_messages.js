import { gettext } from "../lib/i18n.js";
import { pageAddress } from "../ui/page_address.js";

const DELETED = "deleted";
/** Codes for which a page that is made anew offers something else. */
const OUTDATED = ["csrf", "not_permitted", "notice"];
const EXPIRED = {
  sent: gettext("Your login has expired. What you wrote is kept, and sent when you come back."),
  followed: gettext("Your login has expired, so the rest of this answer is not shown. It goes on being written."),
  other: gettext("Your login has expired. Nothing is lost: try again when you come back."),
};

/**
 * What the user is told about a failure, and the link that helps.
 *
 * @typedef {import("../lib/failure.js").Failure} Failure
 * @typedef {import("../ui/failure_advice.js").AdviceLink} AdviceLink
 * @typedef {import("../ui/failure_advice.js").Advice} Advice
 */
export class FailureMessages {
  #login;

  /** @param {string} login the login page's address */
  constructor(login) {
    this.#login = login;
  }

  /** On a message that was sent in vain. @param {Failure} failure @param {string} id to be sent after a login; or empty */
  onSent(failure, id) {
    if (failure.status !== 401 || !id) return this.onOther(failure);
    return { sentence: EXPIRED.sent, link: this.#logIn(`?send=${id}`) };
  }

  /** On an answer that goes on here after a login. @returns {Advice} */
  get onExpired() {
    return { sentence: EXPIRED.followed, link: this.#logIn() };
  }

  /** On an answer that cannot be followed any more. @param {Failure} failure @returns {Advice} */
  onFollowed({ code, message }) {
    return { sentence: message, link: code === DELETED ? undefined : reload() };
  }

  /** @param {Failure} failure @param {string} [query] of the page that a login leads back to @returns {Advice} */
  onOther({ status, code, message }, query = "") {
    if (status === 401) return { sentence: EXPIRED.other, link: this.#logIn(query) };
    return { sentence: message, link: OUTDATED.includes(code) || status === 409 ? reload() : undefined };
  }

  /** A login that leads back here. @param {string} [query] of the page that it leads to @returns {AdviceLink} */
  #logIn(query = "") {
    return { text: gettext("Log in"), href: `${this.#login}?next=${encodeURIComponent(pageAddress(query))}` };
  }
}

/** @returns {AdviceLink} */
function reload() {
  return { text: gettext("Reload the page"), href: pageAddress() };
}
