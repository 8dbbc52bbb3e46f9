import { ConversationPage } from "./conversation.js";
import { Prose } from "./prose.js";
import { closeOnLeaving } from "./drawer.js";

const page = document.getElementById("page");
if (page) {
  new ConversationPage(page).begin();
  Prose.enliven(page);
  closeOnLeaving(/** @type {HTMLElement} */ (document.getElementById("conversations")));
}
