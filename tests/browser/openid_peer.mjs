// node-oidc-provider as an organisation might run it: sign-in and consent pages of its own, refresh tokens that rotate,
// back-channel logout. What it knows of people is in memory, and the test changes it at /control.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { PEER_HOME: home, PEER_PORT: port } = process.env;
const settings = JSON.parse(process.env.PEER_SETTINGS);
const { Provider } = await import(pathToFileURL(createRequire(`${home}/`).resolve('oidc-provider')));
const people = new Map(Object.entries(settings.people));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: settings.clients,
  jwks: { keys: [settings.key] },
  cookies: { keys: [settings.cookieKey] },
  claims: {
    openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'],
  },
  scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
  findAccount: (ctx, id) => {
    const person = people.get(id);
    return person && !person.disabled ? { accountId: id, claims: () => ({ sub: id, ...person.claims }) } : undefined;
  },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    revocation: { enabled: Boolean(settings.native) },
  },
  // A native app stays signed in without asking for it anew each time.
  ...(settings.native && { issueRefreshToken: async () => true }),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // Its own guard closes loopback, where the site under test is.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('backchannel.error', (ctx, error, client) => console.error('back-channel', client.clientId, error.message, error.cause));

const page = (body) => `<!doctype html><html lang="en"><head><title>Example Corp</title></head><body>${body}</body></html>`;
const loginPage = (uid) => page(`<form method="post" action="/interaction/${uid}">
  <label>Corporate name <input name="username"></label>
  <label>Corporate password <input type="password" name="password"></label>
  <button>Sign in at Example Corp</button> <button name="decision" value="cancel">Cancel</button></form>`);
const consentPage = (uid) => page(`<form method="post" action="/interaction/${uid}">
  <button name="decision" value="allow">Allow at Example Corp</button></form>`);

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
  if (form.get('decision') === 'cancel') return { error: 'access_denied', error_description: 'cancelled' };
  if (details.prompt.name !== 'login') return consented(details);
  const person = people.get(form.get('username'));
  const right = person && !person.disabled && person.password === form.get('password');
  return right ? { login: { accountId: form.get('username') } } : { error: 'access_denied' };
}

async function interact(req, res) {
  const details = await provider.interactionDetails(req, res);
  const login = details.prompt.name === 'login';
  if (req.method === 'POST') {
    const result = await answered(details, await body(req));
    return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: !login });
  }
  res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  return res.end(login ? loginPage(details.uid) : consentPage(details.uid));
}

async function control(req, res) {
  const form = await body(req);
  people.get(form.get('person')).disabled = form.get('disabled') === 'yes';
  return res.writeHead(204).end();
}

const oidc = provider.callback();
createServer((req, res) => {
  const own = req.url.startsWith('/interaction/') ? interact : req.url === '/control' ? control : oidc;
  return Promise.resolve(own(req, res)).catch((fault) => {
    console.error(fault.message);
    res.writeHead(400).end('no');
  });
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
