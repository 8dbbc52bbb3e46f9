import { gettext, interpolate } from "../lib/i18n.js";

/**
 * Which models see images. Says so where an image is attached and the chosen model sees none: each option of the
 * composer's list of models, or the composer where there is one model alone, bears `data-sees`.
 *
 * @typedef {import("../api/requests.js").Attachment} Attachment
 */
export class VisionCheck {
  #composer;

  /** @param {HTMLFormElement} composer */
  constructor(composer) {
    this.#composer = composer;
  }

  /** What is to be said of these before they can be sent; empty: nothing. @param {Attachment[]} attachments */
  objection(attachments) {
    const images = attachments.filter(({ kind }) => kind === "image").length;
    if (!images || this.#sees) return "";
    const seeing = this.#seeing;
    const sentence = sentences[images > 1 ? "many" : "one"][seeing ? "other" : "none"];
    return interpolate(sentence, { model: this.#model, other: seeing ?? "" });
  }

  /** @returns {HTMLSelectElement | null} */
  get #picker() {
    return this.#composer.querySelector("select[name=model]");
  }

  get #sees() {
    const element = this.#picker ? this.#picker.selectedOptions[0] : this.#composer;
    return element?.hasAttribute("data-sees") ?? false;
  }

  get #model() {
    return this.#picker?.selectedOptions[0]?.text ?? this.#composer.dataset["model"] ?? "";
  }

  /** The first one that sees. */
  get #seeing() {
    return /** @type {HTMLOptionElement | null | undefined} */ (this.#picker?.querySelector("[data-sees]"))?.text;
  }
}

const sentences = {
  one: {
    other: gettext("%(model)s cannot see images. Choose %(other)s or remove the image."),
    none: gettext("%(model)s cannot see images. Remove the image."),
  },
  many: {
    other: gettext("%(model)s cannot see images. Choose %(other)s or remove the images."),
    none: gettext("%(model)s cannot see images. Remove the images."),
  },
};
