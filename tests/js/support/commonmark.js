/** CommonMark's own examples, from its specification; `number`, `section`, `markdown`, `html`. */
import { createRequire } from "node:module";

const untab = (text) => text.replaceAll("→", "\t");
const { tests } = createRequire(import.meta.url)("commonmark-spec");

export const EXAMPLES = tests.map((test) => ({ ...test, markdown: untab(test.markdown), html: untab(test.html) }));
