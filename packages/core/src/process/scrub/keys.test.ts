import { describe, expect, test } from "vitest";
import { createKeyJudge, partsOf } from "./keys.js";

const judge = createKeyJudge();

describe("createKeyJudge() finds", () => {
  const guilty = `
    password Password PASSWORD passwd pwd passphrase passcode userPassword user_password user-password new.password
    password2 passwordConfirmation PASSWORD_HASH DB_PASSWORD dbpassword mysqlPwd mysql_pwd pgpassword PGPASSWORD
    user[password] pAssWord secret clientSecret client_secret CLIENT_SECRET secrets appsecret secretKey
    aws_secret_access_key AWS_ACCESS_KEY_ID accessKeyId apiKey api_key API-KEY APIKey apikey x-api-key X-Api-Key
    stripeApiKey apiKeys privateKey private_key PRIVATEKEY encryptionKey signingKey masterKey sessionKey
    token Token access_token accessToken accesstoken refreshToken id_token authToken auth_token csrfToken csrf_token
    xsrf-token X-CSRF-Token x-xsrf-token oauth_token oauth2Token tokens accessTokens idtoken botToken
    auth Authorization authorization proxy-authorization Proxy-Authorization X-Auth basicAuth authentication
    jwt JWT jwtToken bearer bearerToken sso ssoToken saml SAMLResponse credentials credential awsCredentials
    session sessionId session_id SESSIONID PHPSESSID JSESSIONID sessid sid connect.sid cookie Cookie set-cookie cookies
    otp totp mfa 2fa mfaCode pin pinCode ssn socialSecurityNumber cvv cvc cvv2 cardNumber card_number creditCard
    credit_card_number cardnumber cc_number code_verifier backup_codes recoveryCodes securityCode salt nonce pkce
    signature X-Amz-Signature X-Amz-Credential X-Amz-Security-Token sig passwort motdepasse senha identity
    smtp_pass DB_PASS pass webhookSecret connectionString connection_string seedPhrase
  `;

  test.each(guilty.trim().split(/\s+/))("%s", (name) => {
    expect(judge(name)).not.toBe("innocent");
  });
});

describe("createKeyJudge() keeps", () => {
  const innocent = `
    author authors authored authorId authority authorized isAuthorized keyboard keyCode primaryKey primary_key
    foreignKey sortKey partitionKey cacheKey publicKey public_key key keys keyword monkey turkey hockey
    sideEffect side inside consider sidebar tokenizer tokenized tokenCount token_count maxTokens max_tokens tokenLimit
    tokensUsed total_tokens tokenType token_type tokenExpiresAt expiresIn secretary passenger compass passed bypass
    bypassed passive encompass passCount sessionCount session_count sessionDuration cookieCount discard cardinality
    card cards dashboard postcard cardType wildcard pinned pinning pinCount spinner opinion shipping mapping
    sign signal assign assigned design signed significant salty basalt ssoEnabled authType auth_method authProvider
    credit debit accredited code statusCode error_code state status id userId user_id name username email
    method url path host hostname port ip location description message count total index identifier identify
    otpion hotel robot idempotencyKey objectKey routeKey keyId i18nKey authorName oauthorities secretion session.name
    description reset preset assess assessment obsess possession mission permission transition version
  `;

  test.each(innocent.trim().split(/\s+/))("%s", (name) => {
    expect(judge(name)).toBe("innocent");
  });
});

test("createKeyJudge() tells secrets from counts of them", () => {
  expect(["prompt_tokens", "completionTokens", "inputTokens", "active_sessions"].map(judge)).toEqual(
    Array(4).fill("counted"),
  );
});

test("partsOf() takes a name apart at every boundary in use", () => {
  expect(partsOf("APIKey2fa_userName-x.yZ[ключ]")).toEqual([
    "api",
    "key",
    "2",
    "fa",
    "user",
    "name",
    "x",
    "y",
    "z",
    "ключ",
  ]);
});

test("createKeyJudge() matches further names by their words, in any spelling", () => {
  const own = createKeyJudge(["tenant id", /^x-internal-/i]);

  expect(["tenantId", "X-Tenant-Id", "TENANT_ID", "x-internal-note"].map(own)).toEqual(
    Array(4).fill("certain"),
  );
  expect(["tenant", "subtenantid", "id", "y-internal-note"].map(own)).toEqual(Array(4).fill("innocent"));
});

test("createKeyJudge() gives the same verdict each time, whatever flags an expression carries", () => {
  const own = createKeyJudge([/internal/gy]);

  expect([own("internal"), own("internal"), own("internal2"), own("internal2")]).toEqual(
    Array(4).fill("certain"),
  );
});

test("createKeyJudge() is not kept busy by an enormous name, nor by very many names", () => {
  const started = performance.now();
  judge("aB".repeat(500_000));
  for (let i = 0; i < 20_000; i++) judge(`user${i}Password`);

  expect(performance.now() - started).toBeLessThan(1000);
  expect(judge("user1Password")).toBe("certain");
});
