// node-oidc-provider as an operator would run it for an API with a phone app: own sign-in and consent pages, rotating
// refresh tokens, opaque access tokens, PKCE demanded, introspection and revocation on, signed cookies, fixed key.
// OpenID is there for the userinfo call only; flows of the bench ask for plain OAuth scopes, so no ID token is signed.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { PEER_HOME: home, PEER_ADAPTER: kind, PEER_DATABASE: database, PEER_PORT: port } = process.env;
const settings = JSON.parse(process.env.PEER_SETTINGS);

const { Provider } = await import(pathToFileURL(createRequire(`${home}/`).resolve('oidc-provider')));
const { adapters } = await import(`./${kind}.mjs`);

const hour = 3600;
const day = 24 * hour;

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: await adapters(home, database),
  clients: settings.clients,
  jwks: { keys: [settings.key] },
  cookies: { keys: [settings.cookieKey] },
  scopes: ['openid', 'offline_access', 'WRITE'],
  claims: { openid: ['sub', 'name', 'email'] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `Person ${id}`, email: `${id}@example.com` }),
  }),
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  expiresWithSession: () => false,
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  ttl: {
    AccessToken: hour,
    AuthorizationCode: 60,
    Grant: 90 * day,
    IdToken: hour,
    Interaction: hour,
    RefreshToken: 90 * day,
    Session: 14 * day,
  },
});

// wrk shows its scripts only one of several headers of a name: the cookies are repeated in one.
provider.use(async (ctx, next) => {
  await next();
  const cookies = ctx.res.getHeader('set-cookie');
  if (Array.isArray(cookies) && cookies.length > 1) ctx.set('X-Cookies', cookies.map((c) => c.split(';', 1)[0]).join('|'));
});

const page = (body) => `<!doctype html><html lang="en"><head><title>Sign in</title></head><body>${body}</body></html>`;
const loginPage = (uid) => page(`<form method="post" action="/interaction/${uid}">
  <input type="text" name="username"><input type="password" name="password"><button type="submit">Sign in</button></form>`);
const consentPage = (uid, client) => page(`<p>${client} asks for access.</p><form method="post" action="/interaction/${uid}">
  <button type="submit" name="decision" value="allow">Allow</button>
  <button type="submit" name="decision" value="deny">Deny</button></form>`);

async function body(req) {
  let text = '';
  for await (const chunk of req) text += chunk;
  return new URLSearchParams(text);
}

async function consented({ prompt: { details }, params, session, grantId }) {
  const known = grantId && await provider.Grant.find(grantId);
  const grant = known || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(' '));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  return { consent: { grantId: await grant.save() } };
}

async function answered(details, form) {
  if (details.prompt.name === 'login') {
    const right = settings.people[form.get('username')] === form.get('password');
    return right ? { login: { accountId: form.get('username') } } : { error: 'access_denied' };
  }
  return form.get('decision') === 'allow' ? consented(details) : { error: 'access_denied' };
}

async function interact(req, res) {
  const details = await provider.interactionDetails(req, res);
  if (req.method === 'POST') {
    const result = await answered(details, await body(req));
    return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: details.prompt.name !== 'login' });
  }
  const html = details.prompt.name === 'login' ? loginPage(details.uid) : consentPage(details.uid, details.params.client_id);
  res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  return res.end(html);
}

const oidc = provider.callback();
createServer((req, res) => {
  if (!req.url.startsWith('/interaction/')) return oidc(req, res);
  return interact(req, res).catch((fault) => {
    console.error(fault.message);
    res.writeHead(400).end('bad interaction');
  });
}).listen(Number(port), '127.0.0.1');
