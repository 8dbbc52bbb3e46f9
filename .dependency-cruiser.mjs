/**
 * Which module of the page may import which: lib <- api <- ui <- features <- conversation <- pages.
 * `npm run check` looks at what is imported; what JSDoc names of other modules' types is not looked at.
 */
const ROOT = "^static/chat/js";
const FEATURES = "(?:attachments|composer|import|markdown|message|prompts|settings|sharing|sidebar|tools)";
const LAYERS = ["lib", "api", "ui", FEATURES, "conversation", "pages"];
/** Which feature may import which other. */
const EXCEPTIONS = { composer: ["attachments"], message: ["attachments", "markdown", "tools"] };

/** @param {string} name @param {object} from @param {object} to */
const forbid = (name, from, to) => ({ name, severity: "error", from, to });

const downwards = LAYERS.map((layer, at) =>
  forbid("imports-go-downwards", { path: `${ROOT}/${layer}/` }, { path: `${ROOT}/(?:${LAYERS.slice(at + 1).join("|")})/` }));

const apart = Object.entries(EXCEPTIONS).map(([feature, others]) =>
  forbid("features-stay-apart", { path: `${ROOT}/${feature}/` }, { path: `${ROOT}/${FEATURES}/`, pathNot: `${ROOT}/(?:${[feature, ...others].join("|")})/` }));

export default {
  forbidden: [
    ...downwards.slice(0, -1),
    ...apart,
    forbid("features-stay-apart", { path: `${ROOT}/(?!${Object.keys(EXCEPTIONS).join("|")})(${FEATURES})/` }, { path: `${ROOT}/${FEATURES}/`, pathNot: `${ROOT}/$1/` }),
    forbid("parsing-knows-no-rendering", { path: `${ROOT}/markdown/parse/` }, { path: `${ROOT}/markdown/`, pathNot: `${ROOT}/markdown/parse/` }),
    forbid("all-is-in-a-layer", { path: ROOT, pathNot: `${ROOT}/(?:${LAYERS.join("|")})/` }, {}),
    forbid("no-circles", {}, { circular: true }),
    forbid("all-is-found", {}, { couldNotResolve: true }),
    forbid("all-is-used", { path: `${ROOT}/pages/` }, { path: ROOT, pathNot: `${ROOT}/pages/`, reachable: false }),
  ],
  options: { doNotFollow: { path: "node_modules" } },
};
