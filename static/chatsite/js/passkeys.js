// Passkeys (https://www.w3.org/TR/webauthn-3/): a form with `data-passkey` asks the browser for one as it is sent.
//
// `data-options` is the id of a script of JSON with what the browser is asked, or a path to fetch it from. What it
// answers goes into the form's field `credential`.

/** @param {string} what @param {boolean} isSaid */
function say(what, isSaid) {
  for (const each of document.querySelectorAll(`[data-passkey-says="${what}"]`)) /** @type {HTMLElement} */ (each).hidden = !isSaid;
}

/** @param {HTMLFormElement} form */
async function options(form) {
  const where = form.dataset["options"] ?? "";
  const script = document.getElementById(where);
  if (script) return JSON.parse(script.textContent ?? "").publicKey;
  const response = await fetch(where, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${response.status}`);
  return (await response.json()).request_options.publicKey;
}

/** As for a passkey that logs in alone, or for a second factor that keeps nothing on the device. @param {HTMLFormElement} form @param {any} asked */
function withSelection(form, asked) {
  const isAlone = form.querySelector("[name=passwordless]:checked") !== null;
  const kept = { residentKey: isAlone ? "required" : "discouraged", requireResidentKey: isAlone };
  const selection = { ...asked.authenticatorSelection, ...kept, ...(isAlone && { userVerification: "required" }) };
  return { ...asked, authenticatorSelection: selection };
}

/** @param {HTMLFormElement} form */
async function ask(form) {
  const asked = await options(form);
  if (form.dataset["passkey"] === "get") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  }
  const made = PublicKeyCredential.parseCreationOptionsFromJSON(withSelection(form, asked));
  return navigator.credentials.create({ publicKey: made });
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const credential = /** @type {PublicKeyCredential | null} */ (await ask(form));
  if (!credential) throw new Error("none");
  /** @type {HTMLInputElement} */ (form.elements.namedItem("credential")).value = JSON.stringify(credential.toJSON());
  form.submit();
}

// A passkey belongs to a name, never to an IP address.
const hasName = !/^[\d.]+$|:/.test(location.hostname);
const isPossible = window.isSecureContext && hasName && "parseRequestOptionsFromJSON" in (window.PublicKeyCredential ?? {});
say("without a script", false);
say("impossible", !isPossible);

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-passkey]"))) {
  form.hidden = !isPossible;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say("failed", false);
    send(form).catch(() => say("failed", true));
  });
}
