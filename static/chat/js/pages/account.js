import { DraftStorage } from "../composer/draft_storage.js";

const menu = document.getElementById("account");

// Who logs out leaves no drafts behind for whoever uses this browser next.
document.getElementById("logout")?.addEventListener("submit", () => new DraftStorage(menu?.dataset["user"] ?? "").forgetAll());
