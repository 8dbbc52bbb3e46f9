/**
 * Which tools the model may call in the conversation of the page. What turns them is loaded with the first look at them;
 * what is turned in a new conversation goes with its first question.
 *
 * @typedef {object} Owner
 * @property {(failure: import("../lib/failure.js").Failure) => import("../ui/failure_advice.js").Advice} advise
 * @property {() => void} onUnreachable what turns them could not be loaded
 */
export class ToolPanel {
  #requests;
  #state;
  #owner;
  /** @type {import("../tools/tool_switches.js").ToolSwitches | null} */
  #switches = null;

  /**
   * @param {HTMLElement | null} panel there is none where there are no tools
   * @param {import("../api/requests.js").Requests} requests
   * @param {import("./state.js").ConversationState} state
   * @param {Owner} owner
   */
  constructor(panel, requests, state, owner) {
    this.#requests = requests;
    this.#state = state;
    this.#owner = owner;
    panel?.addEventListener("toggle", (event) => void this.#toggled(panel, /** @type {ToggleEvent} */ (event)));
    panel?.addEventListener("submit", (event) => void this.#submitted(panel, event));
  }

  /** Those that are off. @returns {{tools_off?: string[]}} */
  get forQuestion() {
    const off = document.querySelectorAll(".tools__switch:has([aria-checked=false]) [name=name]");
    return this.#state.isNew && off.length ? { tools_off: [...off].map((field) => /** @type {HTMLInputElement} */ (field).value) } : {};
  }

  /** @param {HTMLElement} panel @param {ToggleEvent} event */
  async #toggled(panel, { newState }) {
    const { conversation, isNew } = this.#state;
    if (newState !== "open" || isNew) return;
    await (await this.#load(panel))?.refresh(() => this.#requests.fetchTools(conversation));
  }

  /** @param {HTMLElement} panel @param {SubmitEvent} event */
  async #submitted(panel, event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const switches = await this.#load(panel);
    if (!switches) return this.#owner.onUnreachable();
    await switches.flip(form, async (name, isOn) => {
      const failure = this.#state.isNew ? null : await this.#requests.turnTool(this.#state.conversation, name, isOn);
      return failure ? this.#owner.advise(failure).sentence : "";
    });
  }

  /** @param {HTMLElement} panel */
  async #load(panel) {
    const module = await import("../tools/tool_switches.js").catch(() => null);
    return (this.#switches ??= module && new module.ToolSwitches(panel));
  }
}
