import { ALLOWED_ELEMENTS } from "../parse/allowed_elements.js";

const SAFE_ADDRESS = /^(?:https?:\/\/|mailto:)/i;
/** The only class that Markdown itself makes. */
const LANGUAGE_CLASS = /^language-\S+$/;

const PLAIN_ATTRIBUTES = ["class", "align", "start", "colspan", "rowspan", "open", "data-maths", "data-task", "data-image", "data-footnote", "data-footnote-mark"];

/** @type {import("dompurify").Config & {RETURN_DOM_FRAGMENT: true}} */
const MARKDOWN = {
  ALLOWED_TAGS: [...ALLOWED_ELEMENTS],
  ALLOWED_ATTR: ["href", ...PLAIN_ATTRIBUTES],
  ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,
  ALLOWED_URI_REGEXP: SAFE_ADDRESS,
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/**
 * Makes DOM out of HTML, without anything that could run, load, look like a part of the page or be taken for one:
 * no id, no name, no style, no class but a language's, no address but of the web and of mail.
 */
export class Sanitiser {
  #purify;

  /** @param {import("dompurify").DOMPurify} purify */
  constructor(purify) {
    // Of its own, because hooks are for all that an instance does.
    this.#purify = purify(window);
    this.#purify.addHook("uponSanitizeAttribute", (element, attribute) => {
      const isLanguage = element.nodeName === "CODE" && LANGUAGE_CLASS.test(attribute.attrValue);
      if (attribute.attrName === "class" && !isLanguage) attribute.keepAttr = false;
    });
  }

  /** @param {string} html @returns {DocumentFragment} */
  fragment(html) {
    return this.#purify.sanitize(html, MARKDOWN);
  }
}
