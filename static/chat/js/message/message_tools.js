/** @type {typeof import("../tools/message_tools.js").MessageTools | null} */
let MessageTools = null;
/** @type {Promise<void> | null} */
let loading = null;

/** What shows tools is loaded with the first of them. @returns {Promise<void> | null} null: it is there */
export function loadTools() {
  if (MessageTools) return null;
  return (loading ??= import("../tools/message_tools.js").then((module) => {
    MessageTools = module.MessageTools;
    MessageTools.listen();
    for (const message of document.querySelectorAll(".message:has(> .round)")) toolsOf(/** @type {HTMLElement} */ (message))?.restate();
  }, (error) => {
    loading = null;
    throw error;
  }));
}

/** What a message shows of tools; null while that is not loaded. @param {HTMLElement} message its element */
export function toolsOf(message) {
  return MessageTools && new MessageTools(message);
}

/** Its texts and its rounds of calls, in order; at least one. @param {Element} message @returns {[HTMLElement, ...HTMLElement[]]} */
export function segmentsOf(message) {
  return /** @type {any} */ ([...message.querySelectorAll(":scope > :is(.message__body, .message__round)")]);
}
