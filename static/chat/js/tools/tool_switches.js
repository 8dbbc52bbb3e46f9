/**
 * Which tools the model may call in a conversation: switches, of which each is a form (_switches.html).
 *
 * @typedef {import("../lib/failure.js").Failure} Failure
 */
export class ToolSwitches {
  #panel;
  /** Goes up when one is turned, and when that has been answered. */
  #turned = 0;

  /** @param {HTMLElement} panel */
  constructor(panel) {
    this.#panel = panel;
  }

  /** Says so at once, and takes it back where it was refused. @param {HTMLFormElement} form @param {(name: string, isOn: boolean) => Promise<string>} save what went wrong, in words; empty: nothing */
  async flip(form, save) {
    const wasOn = isOn(form);
    this.#turned++;
    show(form, !wasOn);
    const notice = /** @type {HTMLElement} */ (this.#panel.querySelector(".tools__notice"));
    const sentence = await save(nameOf(form), !wasOn);
    this.#turned++;
    if (sentence) show(form, wasOn);
    notice.textContent = sentence;
    notice.hidden = !sentence;
    this.#tell();
  }

  /** As the site says that they are: another tab may have turned some. Not if one is turned here meanwhile. @param {() => Promise<{name: string, on: boolean}[] | null>} fetch */
  async refresh(fetch) {
    const turned = this.#turned;
    const tools = await fetch();
    if (!tools || turned !== this.#turned) return;
    const now = new Map(tools.map(({ name, on }) => [name, on]));
    for (const form of this.#forms) show(form, now.get(nameOf(form)) ?? isOn(form));
    this.#tell();
  }

  get #forms() {
    return /** @type {HTMLFormElement[]} */ ([...this.#panel.querySelectorAll(".tools__switch")]);
  }

  /** The button says which are on. */
  #tell() {
    const forms = this.#forms;
    const titles = forms.filter(isOn).map((form) => form.querySelector(".tools__title")?.textContent);
    const button = /** @type {HTMLElement} */ (document.getElementById("tools-button"));
    button.title = [button.getAttribute("aria-label"), titles.join(", ")].filter(Boolean).join(": ");
    button.toggleAttribute("data-off", titles.length < forms.length);
  }
}

/** @param {HTMLFormElement} form */
function isOn(form) {
  return form.querySelector("[role=switch]")?.getAttribute("aria-checked") === "true";
}

/** @param {HTMLFormElement} form @param {boolean} isOn */
function show(form, isOn) {
  form.querySelector("[role=switch]")?.setAttribute("aria-checked", String(isOn));
  /** @type {HTMLInputElement} */ (form.elements.namedItem("on")).value = String(!isOn);
}

/** @param {HTMLFormElement} form */
function nameOf(form) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem("name")).value;
}
