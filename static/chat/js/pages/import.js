import { ImportForm } from "../import/import_form.js";
import { ImportProgress } from "../import/import_progress.js";

const form = document.getElementById("import");
if (form) new ImportForm(/** @type {HTMLFormElement} */ (form));

const progress = document.getElementById("progress");
if (progress) new ImportProgress(progress);
