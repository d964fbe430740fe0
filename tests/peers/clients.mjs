// Clients of others against our site: one sign-in each, with the library that PEER_LIBRARY names, start to end.
// It says {"open": ADDRESS} for the browser, reads the address that came back, and ends with {"done": WHAT HAPPENED}.
import { createInterface } from "node:readline";
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";

const settings = JSON.parse(process.env.PEER_SETTINGS);
const home = pathToFileURL(`${process.env.PEER_HOME}/`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function browser(address) {
  say({ open: address });
  return (await lines.next()).value;
}

async function load(name) {
  return import(pathToFileURL(createRequire(home).resolve(name)).href);
}

async function myself(access) {
  const answer = await fetch(`${settings.base}/rest/api/2/myself`, { headers: { authorization: `Bearer ${access}` } });
  return { status: answer.status, name: answer.ok ? (await answer.json()).name : null };
}

async function withOauth4webapi() {
  const o = await load("oauth4webapi");
  const plain = { [o.allowInsecureRequests]: true };
  const issuer = new URL(settings.base);
  const found = await o.discoveryRequest(issuer, { algorithm: "oauth2", ...plain });
  const as = await o.processDiscoveryResponse(issuer, found);
  const client = { client_id: settings.clientId };
  const proof = settings.clientSecret ? o.ClientSecretBasic(settings.clientSecret) : o.None();
  const verifier = o.generateRandomCodeVerifier();
  const state = o.generateRandomState();
  const address = new URL(as.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: settings.clientId, redirect_uri: settings.redirect, response_type: "code", scope: settings.scope, state,
    code_challenge: await o.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const back = new URL(await browser(address.href));
  const params = o.validateAuthResponse(as, client, back, state);
  const exchange = await o.authorizationCodeGrantRequest(as, client, proof, params, settings.redirect, verifier, plain);
  const first = await o.processAuthorizationCodeResponse(as, client, exchange);
  const renew = async (token) =>
    o.processRefreshTokenResponse(as, client, await o.refreshTokenGrantRequest(as, client, proof, token, plain));
  const second = await renew(first.refresh_token);
  const called = await o.protectedResourceRequest(
    second.access_token, "GET", new URL(`${settings.base}/rest/api/2/myself`), undefined, undefined, plain);
  const introspected = settings.introspects && await o.processIntrospectionResponse(
    as, client, await o.introspectionRequest(as, client, proof, second.access_token, plain));
  await o.processRevocationResponse(await o.revocationRequest(as, client, proof, second.refresh_token, plain));
  const refused = await renew(second.refresh_token).catch((problem) => problem.error);
  return { first, second, name: (await called.json()).name, introspected, refused };
}

async function withOpenidClient() {
  const c = await load("openid-client");
  const proof = settings.clientSecret ? c.ClientSecretPost(settings.clientSecret) : c.None();
  const config = await c.discovery(new URL(settings.base), settings.clientId, undefined, proof, {
    algorithm: "oauth2", execute: [c.allowInsecureRequests],
  });
  const verifier = c.randomPKCECodeVerifier();
  const state = c.randomState();
  const address = c.buildAuthorizationUrl(config, {
    redirect_uri: settings.redirect, scope: settings.scope, state,
    code_challenge: await c.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const back = new URL(await browser(address.href));
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  const first = await c.authorizationCodeGrant(config, back, checks);
  const second = await c.refreshTokenGrant(config, first.refresh_token);
  const called = await c.fetchProtectedResource(
    config, second.access_token, new URL(`${settings.base}/rest/api/2/myself`), "GET");
  const introspected = settings.introspects && await c.tokenIntrospection(config, second.access_token);
  await c.tokenRevocation(config, second.refresh_token);
  const refused = await c.refreshTokenGrant(config, second.refresh_token).catch((problem) => problem.error);
  return { first, second, name: (await called.json()).name, introspected, refused };
}

async function withAppAuth() {
  // The package names its own modules without their ending, as bundlers take them and Node does not.
  register(`data:text/javascript,export async function resolve(name, context, next) {
    try { return await next(name, context); } catch (problem) {
      if (!name.startsWith(".")) throw problem;
      return next(name + ".js", context);
    }
  }`);
  const built = new URL("node_modules/@openid/appauth/built/src/", home);
  const a = await import(new URL("index.js", built).href);
  const { NodeCrypto } = await import(new URL("node_support/crypto_utils.js", built).href);
  const { NodeRequestor } = await import(new URL("node_support/node_requestor.js", built).href);
  const requestor = new NodeRequestor();
  const metadata = await requestor.xhr({
    url: `${settings.base}/.well-known/oauth-authorization-server`, method: "GET", dataType: "json",
  });
  const configuration = new a.AuthorizationServiceConfiguration(metadata);
  const request = new a.AuthorizationRequest({
    client_id: settings.clientId, redirect_uri: settings.redirect, scope: settings.scope, response_type: "code",
  }, new NodeCrypto());
  await request.setupCodeVerifier();
  // Its handlers wait for a browser of their own; how they write the request and read the answer is used as it is.
  class Handler extends a.AuthorizationRequestHandler {
    async performAuthorizationRequest() { throw new Error("the test is the browser"); }
    async completeAuthorizationRequest() { return null; }
  }
  const utils = new a.BasicQueryStringUtils();
  const address = new Handler(utils, new NodeCrypto()).buildRequestUrl(configuration, request);
  const back = utils.parseQueryString(new URL(await browser(address)).search.slice(1));
  if (back.state !== request.state) throw new Error("another state came back");
  const tokens = new a.BaseTokenRequestHandler(requestor);
  const ask = (fields) => tokens.performTokenRequest(configuration, new a.TokenRequest({
    client_id: settings.clientId, redirect_uri: settings.redirect, ...fields,
  }));
  const extras = { code_verifier: request.internal.code_verifier };
  const first = (await ask({ grant_type: "authorization_code", code: back.code, extras })).toJson();
  const second = (await ask({ grant_type: "refresh_token", refresh_token: first.refresh_token })).toJson();
  const { name } = await myself(second.access_token);
  const revoke = new a.RevokeTokenRequest({ token: second.refresh_token, client_id: settings.clientId });
  await tokens.performRevokeTokenRequest(configuration, revoke);
  const refused = await ask({ grant_type: "refresh_token", refresh_token: second.refresh_token })
    .then(() => null, (problem) => problem.message);
  return { first, second, name, introspected: false, refused };
}

const ways = { oauth4webapi: withOauth4webapi, "openid-client": withOpenidClient, appauth: withAppAuth };
const came = await ways[process.env.PEER_LIBRARY]();
const after = await myself(came.second.access_token);
say({ done: {
  name: came.name,
  scope: came.first.scope ?? null,
  expires: Number(came.first.expires_in),
  rotated: came.first.refresh_token !== came.second.refresh_token,
  introspected: came.introspected || null,
  refused: came.refused,
  after: after.status,
} });
process.exit(0);
