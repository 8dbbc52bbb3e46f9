import { ImportForm } from "../import/import_form.js";

const form = document.getElementById("import");
if (form) new ImportForm(/** @type {HTMLFormElement} */ (form));
