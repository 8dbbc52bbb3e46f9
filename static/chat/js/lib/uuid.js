const VERSION_4 = 0x40;
const VARIANT = 0x80;

/** A random uuid. `crypto.randomUUID` is missing where a site is tried out over plain HTTP. @returns {string} */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (Number(bytes[6]) & 0x0f) | VERSION_4;
  bytes[8] = (Number(bytes[8]) & 0x3f) | VARIANT;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
