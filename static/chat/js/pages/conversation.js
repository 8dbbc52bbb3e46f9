import { ConversationPage } from "../conversation/conversation_page.js";
import { Prose } from "../markdown/model_text.js";
import { closeOnLeaving } from "../ui/drawer.js";

const page = document.getElementById("page");
if (page) {
  new ConversationPage(page).begin();
  Prose.enliven(page);
  closeOnLeaving(/** @type {HTMLElement} */ (document.getElementById("conversations")));
}
