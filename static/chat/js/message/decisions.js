/**
 * The forms of what waits for a yes.
 *
 * @typedef {import("../api/requests.js").GenerationRequest} GenerationRequest
 * @typedef {import("../tools/decision_form.js").DecisionForm} DecisionForm
 *
 * @param {HTMLElement} thread
 * @param {(message: HTMLElement, request: GenerationRequest) => void} onDecided
 * @param {() => void} onUnreachable what reads them could not be loaded
 */
export function listenToDecisions(thread, onDecided, onUnreachable) {
  /** @param {HTMLFormElement} element @param {(form: DecisionForm) => import("../api/requests.js").Decision[] | null} decide */
  const send = async (element, decide) => {
    const module = await import("../tools/decision_form.js").catch(() => null);
    if (!module) return onUnreachable();
    const form = new module.DecisionForm(element);
    const [message, decisions] = [element.closest(".message"), decide(form)];
    if (message instanceof HTMLElement && decisions) onDecided(message, form.requestOf(decisions));
  };
  thread.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches(".decision")) return;
    event.preventDefault();
    const { submitter } = event;
    void send(form, (decision) => decision.decisions(submitter));
  });
  thread.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest(".decision__all") : null;
    const form = button?.closest("form");
    if (button instanceof HTMLButtonElement && form) void send(form, (decision) => decision.all(button.value));
  });
}
