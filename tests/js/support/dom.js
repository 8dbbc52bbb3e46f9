/** A document for tests of modules that make DOM. Import it before them: DOMPurify looks for a window when it is loaded. */
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><html lang=en><body></body></html>", { url: "https://chat.example/" });

for (const name of ["window", "document", "Node", "Text", "Element", "HTMLElement", "MutationObserver", "getSelection"]) {
  globalThis[name] = name === "window" ? window : window[name];
}

// jsdom loads no style sheets, so nothing would tell that they are there.
new window.MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) node.dispatchEvent(new window.Event("load"));
}).observe(document.head, { childList: true });

export { window };
