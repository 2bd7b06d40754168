// A real OpenID Connect provider for the tests of the bearer path: client credentials, JWT access tokens for one API.
// It says on its first line of output where it is and which keys it made, so that no key is kept in the repository.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.DATAHALL_NODE_MODULES, 'start.js'));
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const audience = process.env.AUDIENCE;
const scopes = ['datasets:read', 'datasets:reload', 'datasets:manage', 'Mixed:Case', 'other'];

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key) => key.export({ type: 'pkcs8', format: 'pem' });
const jwk = (pair, kid, alg) => ({ ...pair.privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' });

const server = createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const client = (id) => ({
  client_id: id,
  client_secret: 'client-secret',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  scope: scopes.join(' '),
});

const provider = new Provider(issuer, {
  clients: [client('reader'), client('operator')],
  jwks: { keys: [jwk(rsa, 'rsa-1', 'RS256'), jwk(ec, 'ec-1', 'ES256')] },
  scopes,
  ttl: { ClientCredentials: 600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: scopes.join(' '),
        audience,
        accessTokenTTL: 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256', kid: 'rsa-1' } },
      }),
    },
  },
});
server.on('request', provider.callback());

// Whoever started it may end without a chance to say so.
process.stdin.on('end', () => process.exit(0)).resume();

console.log(JSON.stringify({
  issuer,
  signing_key: pem(rsa.privateKey),
  ec_key: pem(ec.privateKey),
  foreign_key: pem(foreign.privateKey),
  public_key: rsa.publicKey.export({ type: 'spki', format: 'pem' }),
}));
