import { type CorpusCase, innocent } from "./corpus.js";

/** Texts that help, and look to a list of words as if they held a secret. */
const TEXTS = `
http://auth-service:8080/v1/users/7
http://token-service/health
http://secret-store.internal:8200/v1/sys/health
connect ECONNREFUSED 10.0.0.5:5432
connect ECONNREFUSED auth-db:5432
getaddrinfo ENOTFOUND session-cache.internal
at login (/srv/app/src/auth.ts:12:3)
/srv/app/src/session/token.ts:44:17
(file:///srv/app/password-reset.js:9:1)
OAuthError: invalid_grant
TokenExpiredError: jwt expired
JsonWebTokenError: invalid signature
AuthenticationError: user not found
InvalidTokenException: malformed
SessionError: closed
Error: Invalid session
UnauthorizedError: No authorization token was found
Access denied for user 'root'@'localhost' (using password: YES)
Access denied for user 'root'@'localhost' (using password: NO)
password authentication failed for user "shop"
password: Path is required
password: Path \`password\` is required.
User validation failed: password: Path \`password\` is required.
No credentials: run aws configure
Could not load credentials from any providers
CredentialsProviderError: Could not load credentials from any providers
Missing credentials in config, if using AWS_CONFIG_FILE, set AWS_SDK_LOAD_CONFIG=1
Cannot read properties of undefined (reading 'password')
Cannot read properties of null (reading 'token')
Cannot destructure property 'session' of 'req' as it is undefined.
Unexpected token '<', "<!DOCTYPE "... is not valid JSON
Unexpected token } in JSON at position 12
SyntaxError: Unexpected token ';'
Unexpected token: punc
password must be longer than or equal to 8 characters
"password" length must be at least 8 characters long
"password" is required
"token" is not allowed to be empty
column "password" of relation "users" does not exist
column users.reset_token does not exist
Unknown column 'password' in 'field list'
null value in column "password" of relation "users" violates not-null constraint
duplicate key value violates unique constraint "users_email_key"
Duplicate entry 'ann' for key 'users.name'
Key (email)=(ann@example.com) already exists.
relation "auth.users" does not exist
index "sessions_token_idx" does not exist
select id, email from users where id = $1
select * from sessions where token = $1
select password from users where email = ?
insert into users (email, password) values ($1, $2)
update users set password = $1 where id = $2
insert into orders (id, total) values (1, 99)
delete from sessions where expires_at < now()
Table 'shop.auth_tokens' doesn't exist
ER_ACCESS_DENIED_ERROR: Access denied
WRONGPASS invalid username-password pair or user is disabled.
NOAUTH Authentication required.
ERR AUTH called without any password configured for the default user
invalid_grant: Token has been expired or revoked.
invalid_client: Client authentication failed
401 Unauthorized
auth: failed to connect to upstream
auth: 401 Unauthorized
session: closed
token: expired
token: invalid_grant
csrf: mismatch
jwt: malformed
auth=failed
token=expired
session=closed
token:expired
token:revoked
auth:refresh
auth:login:failed
password:reset
session:create
author=bob&page=2
GET /orders/12345?sort=asc&page=2
GET /token/refresh 404
POST /auth/login 401
POST /password/reset 500
POST /api/v2/sessions 422
GET /invite/accept
GET /verify/email
GET /users/42/tokens
GET /api/tokens/123
GET /callback?code=404
GET /products?code=US&page=2
GET /reset?step=2
https://example.com:8080/@user/profile
https://shop.test/docs/token-refresh#auth
https://registry.npmjs.org/@corvid%2fcore
https://github.com/nodejs/node/blob/main/lib/auth.js#L12
git@github.com:nodejs/node.git
ssh://git@github.com/nodejs/node.git
mailto:ann@example.com
mail bob@example.com
npm:@scope/pkg@1.2.3
lodash@4.17.21
pkg@npm:other@1.0.0:5
workspace:@corvid/core@^1.0.0
order 1234567890123456 not found
order 4711 of ann
at 1767323045678901 us
1767323045678
id 4111b111-1111-4111-8111-111111111111
request 8a0f4111111111111111
snowflake 175928847299117063
+49 170 1234567, +1 415 555 2671
usage: prompt_tokens=512 max_tokens: 4096
basic functionality, bearer of news
Basic TypeScript support
Auth::Token::decode failed
password=
password=null, token: undefined
if (a === b) return c
expected token === undefined
token => token.id
(session) => session.user
const { token } = req.body
2026-01-02T03:04:05.678Z
sha256 of file.txt
sha512-K8S+0o9xq8SHqq1X+9xZBw==
eyJ is how they start
cardinality: 4 secretary: Bob
{"author":"bob","keys":[1,2],"tokenCount":7}
{"tokenType":"bearer","expiresIn":3600}
{"password":"","token":null,"secret":true}
{"name":"page","value":"two"}
{"required":["email","password"],"properties":{}}
["email","password","token"]
fields: email, password, token
Missing required fields: password, token
Unknown option: --token-file
usage: corvid [--dsn DSN] [--token-file FILE]
node app.js --port 80 --host 0.0.0.0
tar -p -xf a.tar
mkdir -p /srv/app/data
ssh -p 2222 host
docker run -p 8080:80 nginx
rsync -a src/ dst/
cp -a x y
grep -p auth file
ls -a /secrets
ECONNRESET: socket hang up
read ECONNRESET at TLSWrap.onStreamRead (node:internal/stream_base_commons:218:20)
ENOENT: no such file or directory, open '/run/secrets/db_password'
EACCES: permission denied, open '/srv/app/.ssh/id_rsa'
Cannot find module '/srv/app/src/auth/token.js'
Cannot find package '@aws-sdk/credential-providers'
ERR_MODULE_NOT_FOUND
Request failed with status code 401
timeout of 5000ms exceeded
Payment declined: insufficient funds
certificate has expired
self-signed certificate in certificate chain
unable to verify the first certificate
Hostname/IP does not match certificate's altnames: Host: auth.internal. is not in the cert's altnames: DNS:shop.test
Worker terminated due to reaching memory limit: JS heap out of memory
Maximum call stack size exceeded
Invalid regular expression: /(?<token>/: Invalid group
Invalid time value
x is not defined
Assertion failed: token count 3 !== 4
AssertionError [ERR_ASSERTION]: Expected values to be strictly equal
retry in 5s (attempt 3/10)
queue auth-events: 12 messages waiting
consumer group session-events rebalanced
topic user.password.changed not found
event user.token.revoked handled
job send-password-reset failed
cache miss for key user:42:profile
cache key session-config not found
lock key orders:7 held
primary key (id)
foreign key constraint fails
partition key is missing
public key not found
unknown key id
sort key range
keyboard interrupt
monkey patch failed
the passenger list
compass: north
bypass: enabled
author: Bob
authority: local
tokenizer: bert
secretary: Ann
version 1.2.3-rc.1 of token-lib
node v20.20.2 linux x64
v1.2.3
release shop@2.3.4+5a6b7c8
commit 5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d1e2f3a4b
etag "5d8c72a5edda8d6a"
trace 4bf92f3577b34da6a3ce929d0e0e4736
00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
span 00f067aa0ba902b7
uuid 550e8400-e29b-41d4-a716-446655440000
order ord_7Hj2k9 shipped
user usr_42 not found
ObjectId("507f1f77bcf86cd799439011")
arn:aws:iam::123456789012:role/auth-role
arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf
eu-west-1
s3://bucket/path/to/token.json
localhost:3000
[::1]:5432
127.0.0.1:6379
2001:db8::1
C:\\Users\\ann\\app\\auth.js:12:3
C:\\secrets\\app.config
../token/parser.ts(12,3)
src/auth.ts(12,5): error TS2304: Cannot find name 'token'.
line 12, column 3: unexpected token
12:03:44 auth ok
at 12:30 session ended
ratio 16:9
score 3:2
{ page: 2, sort: 'asc' }
{ auth: 'none', session: 'closed' }
{ token: null, password: undefined }
{ authType: 'basic', tokenType: 'bearer' }
{ tokenCount: 7, maxTokens: 4096 }
<Login password={password} />
<token> is not a valid element
<password></password>
\${TOKEN} is not set
TOKEN is not set
environment variable API_KEY is missing
Please set STRIPE_SECRET_KEY
env API_KEY not found
password=\${DB_PASSWORD}
Authorization: \${AUTH}
password: '***'
password=****
token=[REDACTED]
sk-loading-spinner-container-large
key-value-store-is-not-ready
test_should_return_404_when_token_missing
pk_orders primary
rk: reached
AKIA is how they start
md5 mismatch
md5sum failed
price $2.50 and $10
cost $5$ total
regex ^\\$1$
a * b * c
**bold** text
{SHA} unsupported
date 2024-01-15
phone 555-1234
zip 12345-6789
isbn 978-3-16-148410-0
rate 12.5%
0x1f4b
#a1b2c3
rgb(12, 34, 56)
base64: invalid input
utf8 expected, latin1 received
http2 stream closed
ipv4 only
oauth2 flow aborted
2fa required
sso disabled for tenant 7
saml: assertion expired
ldap: size limit exceeded
pin the version
the session of ann expired
password too short
wrong password
incorrect username or password
the token was revoked
signature mismatch
nonce too low
salt and pepper
cookie consent missing
cookies disabled
credentials expired
secret rotation failed
identity provider unavailable
auth provider github is unreachable
token bucket empty
token limit exceeded: 4096
session count: 12
session timeout: 30s
password policy: minimum 8 characters
password length: 8
passwordLength=8
tokenCount: 7
secretName: db-main
authMethod: password
keyId: 7
`;

export const INNOCENT_TEXTS: readonly CorpusCase[] = TEXTS.trim()
  .split("\n")
  .map((line) => innocent(line.replaceAll("\\`", "`")));

/** Values that a list of names takes, and that say nothing secret. */
export const INNOCENT_VALUES: readonly CorpusCase[] = (
  [
    { tokenCount: 7, maxTokens: 4096, prompt_tokens: 512 },
    { tokenType: "bearer", authType: "basic", authMethod: "password" },
    { passwordLength: 8, passwordPolicy: "strong", passwordChangedAt: "2026-01-02T03:04:05Z" },
    { secretName: "db-main", secretArn: "arn:x:secret" },
    { password: "", token: null, secret: true, auth: false },
    { auth: "none", session: "closed", token: "expired", csrf: "disabled" },
    { sessionTimeout: "30s", sessionCount: 12, cookieDomain: "shop.test" },
    { author: "bob", authorId: 7, authority: "local" },
    { key: "page", value: "two" },
    { name: "OAuthError", data: { reason: "invalid_grant" } },
    { name: "auth-service", data: "up", status: "ok" },
    { path: ["user", "email"], value: "a@b.test" },
    { fields: ["email", "password", "token", "id"] },
    { required: ["password", "token"] },
    { path: ["body", "password"], message: "Required", code: "invalid_type" },
    { columns: ["id", "password", "email", "token"] },
    { sql: "select * from orders where id = ?", parameters: [7] },
    { sql: "insert into users (email, password) values (?, ?)" },
    { token: { type: "punc", line: 3, column: 12 } },
    { address: "10.0.0.5", port: 5432, code: "ECONNREFUSED" },
    { socket: { remoteAddress: "10.0.0.5", remotePort: 443 } },
    {
      headers: {
        host: "auth.shop.test",
        "user-agent": "curl/8",
        "content-type": "application/json",
        "x-request-id": "r-1",
        "x-forwarded-proto": "https",
      },
    },
    { rawHeaders: ["Host", "shop.test", "Accept", "*/*"] },
    { argv: ["node", "app.js", "--port", "80"] },
    { args: ["-p", "8080:80", "nginx"] },
    { spawnfile: "mkdir", spawnargs: ["mkdir", "-p", "/srv/x"] },
    { command: { name: "get", args: ["user:1"] } },
    { type: "Buffer", data: [1, 2, 3, 4] },
    { primaryKey: "id", sortKey: "created_at", publicKey: "abc", foreignKey: "user_id", cacheKey: "user:1" },
    { keyCode: 13, keyboard: "de", monkey: "x" },
    { status: 400, body: '{"error":"invalid_grant"}' },
    { card: { brand: "visa", last4: "4242" } },
    { url: "http://auth-service:8080/v1/users/7" },
    { credentialsProvider: "ini", identityProvider: "github", tokenEndpoint: "https://idp.test/oauth/token" },
    { isPasswordSet: "yes", hasToken: true, tokenValid: "false" },
    { 42: "answer", list: [1, 2, 3], nested: { deep: { ok: "fine" } } },
    [
      ["page", "2"],
      ["sort", "asc"],
    ],
    ["password", "email"],
    { signal: "SIGTERM", exitCode: 1, design: "x", assigned: "ann" },
    { compass: "north", bypass: "on", passenger: "ann" },
  ] as unknown[]
).map((value): CorpusCase => [value, "value", [], stringsOf(value)]);

function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [JSON.stringify(value).slice(1, -1)];
  if (typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

/** Names: fingerprints, transactions, types, functions, files, which nothing but a secret by its shape changes. */
export const INNOCENT_NAMES: readonly CorpusCase[] = `
token:expired|token:revoked|auth:refresh|session:create|password:reset:failed|POST /auth/token|GET /reset/:token|POST /login
AuthTokenService.refresh|Object.<anonymous>|new TokenStore|async Promise.all (index 0)|PasswordResetJob|OAuthError|TokenExpiredError|SessionStore.get
/srv/app/src/auth.ts:12:3|file:///srv/app/src/token.js|src/session/password.ts|node:internal/process/task_queues|webpack://app/./src/auth.ts
auto.http.express.middleware|auto.log.pino|billing.auth|GET|POST|{{ default }}|secret:rotation|credentials: missing|auth.login: failed|key:users:7
`
  .trim()
  .split(/[|\n]/)
  .map((name) => innocent(name, "name"));
