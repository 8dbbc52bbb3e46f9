import { ModelText } from "../markdown/model_text.js";

// The staff's view of a conversation: the same text by the same module. Without the libraries it stays as it is.
ModelText.renderWhenNear(document.body);
