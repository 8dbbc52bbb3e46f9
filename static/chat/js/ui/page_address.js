/** Where a new conversation that is to be temporary begins. */
const TEMPORARY = "temporary";

/** The address of this page, without what is asked of it once. @param {string} [query] to be asked of it, as `?edit=…` */
export function pageAddress(query = "") {
  const stays = new URLSearchParams(location.search).has(TEMPORARY) ? TEMPORARY : "";
  const asked = [stays, query.slice(1)].filter(Boolean).join("&");
  return location.pathname + (asked && `?${asked}`);
}
