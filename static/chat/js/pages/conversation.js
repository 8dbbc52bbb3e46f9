import { ConversationPage } from "../conversation/conversation_page.js";
import { ModelText } from "../markdown/model_text.js";
import { closeDrawer } from "../ui/drawer.js";

const page = document.getElementById("page");
if (page) {
  new ConversationPage(page).begin();
  ModelText.renderWhenNear(page);
  closeDrawer(/** @type {HTMLElement} */ (document.getElementById("conversations")), document.querySelector(".bar__drawer"));
}
