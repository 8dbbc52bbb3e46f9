import { DraftStorage } from "../composer/draft_storage.js";

// What was typed and never sent is in this browser alone, and goes with all the rest.
new DraftStorage(document.getElementById("main")?.dataset["erased"] ?? "").forgetAll();
