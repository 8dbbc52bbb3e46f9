/**
 * A provider of OpenID Connect on loopback: npm's oidc-provider, which is certified.
 *
 * `node oidc_provider.mjs` prints its issuer. Whoever logs in says who they are; what it says of them is set by
 * `PUT /test/accounts/<sub>`, and where it tells of logouts by `PUT /test/client`.
 */
import { createServer } from "node:http";

import { Provider, interactionPolicy } from "oidc-provider";

const accounts = new Map();
const server = createServer().listen(0, "localhost", () => {
  const issuer = `http://localhost:${server.address().port}`;
  server.on("request", serve(issuer));
  console.log(issuer);
});

function serve(issuer) {
  const provider = new Provider(issuer, {
    claims: {
      openid: ["sub", "groups"],
      email: ["email", "email_verified"],
      profile: ["name", "preferred_username"],
    },
    clients: [
      {
        client_id: "chat",
        client_secret: "a-secret-of-32-characters-or-more",
        redirect_uris: ["http://127.0.0.1/"],
        backchannel_logout_uri: "http://127.0.0.1/",
        backchannel_logout_session_required: true,
      },
    ],
    conformIdTokenClaims: false,
    cookies: { keys: ["a-key-for-tests"] },
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...accounts.get(sub) }) }),
    interactions: { policy: withoutConsent() },
    loadExistingGrant: granted,
    pkce: { required: () => true },
    fetch: (url, { dispatcher, ...options }) => fetch(url, options), // theirs lets nothing through to loopback
  });
  provider.Client.prototype.redirectUriAllowed = () => true;
  provider.Client.prototype.postLogoutRedirectUriAllowed = () => true;
  provider.on("backchannel.error", (ctx, error) => console.error(error));
  provider.use(async (ctx, next) => {
    if (ctx.method !== "PUT") return next();
    const said = await body(ctx.req);
    if (ctx.path === "/test/client") Object.assign(await provider.Client.find("chat"), said);
    else accounts.set(decodeURIComponent(ctx.path.split("/").at(-1)), said);
    ctx.status = 204;
  });
  return provider.callback();
}

function withoutConsent() {
  const policy = interactionPolicy.base();
  policy.remove("consent");
  return policy;
}

async function granted(ctx) {
  const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
  grant.addOIDCScope("openid email profile");
  await grant.save();
  return grant;
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}
