/** Browsers say at least so often that something is held over the page. */
const HELD_MS = 700;

/**
 * Files that are dropped anywhere on the page; none is opened in its place. While they are held over it, a veil says so.
 * What is dragged from the page itself is no file.
 */
export class DropZone {
  #veil;
  #onFiles;
  #hiding = 0;
  #isOwn = false;

  /** @param {HTMLElement | null} veil @param {(files: File[]) => void} onFiles */
  constructor(veil, onFiles) {
    this.#veil = veil;
    this.#onFiles = onFiles;
    document.addEventListener("dragstart", () => (this.#isOwn = true));
    document.addEventListener("dragend", () => (this.#isOwn = false));
    document.addEventListener("dragover", (event) => this.#held(event));
    document.addEventListener("dragleave", (event) => event.relatedTarget || this.#hide());
    document.addEventListener("drop", (event) => this.#dropped(event));
  }

  /** @param {DragEvent} event */
  #held(event) {
    if (!this.#bringsFiles(event)) return;
    event.preventDefault();
    clearTimeout(this.#hiding);
    // Where the browser does not say that they were taken away again.
    this.#hiding = setTimeout(() => this.#hide(), HELD_MS);
    if (isCovered()) /** @type {DataTransfer} */ (event.dataTransfer).dropEffect = "none";
    else if (this.#veil) this.#veil.hidden = false;
  }

  /** @param {DragEvent} event */
  #dropped(event) {
    if (!this.#bringsFiles(event)) return;
    event.preventDefault();
    this.#hide();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length && !isCovered()) this.#onFiles(files);
  }

  #hide() {
    clearTimeout(this.#hiding);
    if (this.#veil) this.#veil.hidden = true;
  }

  /** @param {DragEvent} event */
  #bringsFiles({ dataTransfer }) {
    return !this.#isOwn && (dataTransfer?.types.includes("Files") ?? false);
  }
}

/** By a dialog, of which the files are no part. */
function isCovered() {
  return document.querySelector(":modal") !== null;
}
