import { ConversationPage } from "../conversation/conversation_page.js";
import { ModelText } from "../markdown/model_text.js";
import { closeDrawer } from "../ui/drawer.js";

const page = document.getElementById("page");
// Without its templates, which are a file of their own, the page does what it can do without scripts.
if (page && document.getElementById("user-message")) {
  new ConversationPage(page).begin();
  ModelText.renderWhenNear(page);
  closeDrawer(/** @type {HTMLElement} */ (document.getElementById("conversations")), document.querySelector(".bar__drawer"));
}
