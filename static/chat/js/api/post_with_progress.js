/**
 * Posts a form as `fetch` does, and tells how much of it is on its way, which `fetch` does not. Rejects where no answer
 * comes.
 *
 * @typedef {object} Watch
 * @property {(part: number) => void} onProgress from 0 to 1
 * @property {AbortSignal} signal
 *
 * @param {string} url
 * @param {FormData} body
 * @param {Record<string, string>} headers
 * @param {Watch} watch
 * @returns {Promise<Response>}
 */
export function postWithProgress(url, body, headers, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 1));
    request.upload.addEventListener("load", () => onProgress(1));
    request.addEventListener("load", () => resolve(responseOf(request)));
    for (const end of ["error", "abort", "timeout"]) request.addEventListener(end, () => reject(new TypeError(end)));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/** @param {XMLHttpRequest} request */
function responseOf(request) {
  const headers = new Headers();
  for (const name of ["Content-Type", "Retry-After"]) {
    const value = request.getResponseHeader(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(request.responseText || null, { status: request.status, headers });
}
