import { Notifications } from "../ui/notifications.js";
import { gettext } from "../lib/i18n.js";

const REFUSED = gettext("This browser does not let the site send notifications. Allow them in the browser’s settings for this site, then turn them on here.");

/** The switch of notifications, where the browser has them. */
export class NotificationSwitch {
  #box;
  #notice;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#box = /** @type {HTMLInputElement} */ (element.querySelector("input"));
    this.#notice = /** @type {HTMLElement} */ (element.querySelector("[role=status]"));
    if (!Notifications.arePossible) return;
    this.#box.checked = Notifications.areOn;
    this.#box.addEventListener("change", () => void this.#changed());
    element.hidden = false;
  }

  async #changed() {
    this.#notice.textContent = "";
    if (!this.#box.checked) return Notifications.turnOff();
    this.#box.checked = await Notifications.turnOn().catch(() => false);
    if (!this.#box.checked) this.#notice.textContent = REFUSED;
  }
}
