import { ConversationPage } from "../conversation/conversation_page.js";
import { DraftStorage } from "../composer/draft_storage.js";
import { ModelText } from "../markdown/model_text.js";
import { closeDrawer } from "../ui/drawer.js";
import { markOrphans } from "../composer/orphaned_drafts.js";

const page = document.getElementById("page");
// Without its templates, which are a file of their own, the page does what it can do without scripts.
if (page && document.getElementById("user-message")) {
  const user = document.getElementById("account")?.dataset["user"] ?? "";
  if ("new" in page.dataset) await markOrphans(new DraftStorage(user)).catch(() => {});
  // Until the notice of the site is accepted there is no composer, and the page is to be read.
  if (document.getElementById("composer")) new ConversationPage(page).begin();
  ModelText.renderWhenNear(page);
  closeDrawer(/** @type {HTMLElement} */ (document.getElementById("conversations")), document.querySelector(".bar__drawer"));
}
