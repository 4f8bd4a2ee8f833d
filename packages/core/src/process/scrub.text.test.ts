import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuMs } from "../../test/support/cpu.js";
import { createScrubber } from "./scrub.js";

const scrub = createScrubber().text;

describe("Scrubber.text() takes out", () => {
  const cases: [string, string][] = [
    ["password=hunter2", "password=[Filtered]"],
    ["password=a=b", "password=[Filtered]"],
    ["login failed: password=hunter2 user=bob", "login failed: password=[Filtered] user=bob"],
    ["user=bob,password=p4ss,word,host=db", "user=bob,password=[Filtered],host=db"],
    [
      "Server=db;User Id=sa;Password=p;a;Encrypt=true",
      "Server=db;User Id=sa;Password=[Filtered];Encrypt=true",
    ],
    ["password: hunter2", "password: [Filtered]"],
    ["Password : 'it is long'", "Password : '[Filtered]'"],
    [`{"user":"bob","password":"hun\\"ter2","age":3}`, `{"user":"bob","password":"[Filtered]","age":3}`],
    [`{"pin":1234,"a":[1]}`, `{"pin":"[Filtered]","a":[1]}`],
    [`{"credentials":{"login":"bob","word":"x"},"a":1}`, `{"credentials":"[Filtered]","a":1}`],
    [`{"credentials":{"login":"bob","word":"x`, `{"credentials":"[Filtered]"`],
    [`{"password":"hunter2`, `{"password":"[Filtered]`],
    [`{"p\\u0061ssword":"hunter2"}`, `{"p\\u0061ssword":"[Filtered]"}`],
    [
      `body: "{\\"password\\":\\"hunter2\\",\\"a\\":1}"`,
      `body: "{\\"password\\":\\"[Filtered]\\",\\"a\\":1}"`,
    ],
    [`{ password: 'x1', "api_key" : "k" }`, `{ password: '[Filtered]', "api_key" : "[Filtered]" }`],
    ["https://a.io/x?a=1&api_key=abc&b=2", "https://a.io/x?a=1&api_key=[Filtered]&b=2"],
    ["https://a.io/x?p%61ssword=abc#f", "https://a.io/x?p%61ssword=[Filtered]"],
    ["next=%2Flogin%3Fpassword%3Dhunter2%26a%3D1", "next=%2Flogin%3Fpassword%3D[Filtered]%26a%3D1"],
    ["user%5Bpassword%5D=x&b=1", "user%5Bpassword%5D=[Filtered]&b=1"],
    ["PASSWORD=X", "PASSWORD=[Filtered]"],
    ["node app.js --password hunter2 --port 80", "node app.js --password [Filtered] --port 80"],
    ["node app.js --api-key=abc --port=80", "node app.js --api-key=[Filtered] --port=80"],
    ["<user><password>x y</password></user>", "<user><password>[Filtered]</password></user>"],
    ["Authorization: Bearer abc.def\nAccept: */*", "Authorization: [Filtered]\nAccept: */*"],
    ["cookie: a=b; c=d\nhost: x", "cookie: [Filtered]\nhost: x"],
    ["got Bearer 8sj3kd9a0 from upstream", "got Bearer [Filtered] from upstream"],
    ["sent Basic dXNlcjpwYXNz", "sent Basic [Filtered]"],
    ["postgres://bob:hunter2@db:5432/shop", "postgres://[Filtered]:[Filtered]@db:5432/shop"],
    ["postgres://bob:p@ss@db/shop", "postgres://[Filtered]:[Filtered]@db/shop"],
    ["postgres://bob:pa/ss@db/shop", "postgres://[Filtered]:[Filtered]@db/shop"],
    ["redis://:hunter2@cache", "redis://[Filtered]:[Filtered]@cache"],
    ["https://0123456789abcdef@errors.example.com/1", "https://[Filtered]@errors.example.com/1"],
    ["jwt was eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!", "jwt was [Filtered]!"],
    ["key AKIAABCDEFGHIJKLMNOP.", "key [Filtered]."],
    [`push with ghp_${"a1".repeat(18)}`, "push with [Filtered]"],
    [`slack xoxb-12345678-${"a".repeat(12)}`, "slack [Filtered]"],
    [`stripe sk_live_${"a1".repeat(10)}`, "stripe [Filtered]"],
    [`maps AIza${"a".repeat(35)}`, "maps [Filtered]"],
    [`npm npm_${"a1".repeat(18)}`, "npm [Filtered]"],
    ["card 4111 1111 1111 1111 12/29", "card [Filtered] 12/29"],
    ["card 4111-1111-1111-1111", "card [Filtered]"],
    ["paid with 5555555555554444, thanks", "paid with [Filtered], thanks"],
    ["amex 3782 822463 10005", "amex [Filtered]"],
    ['"password" :\n  "hunter2"', '"password" :\n  "[Filtered]"'],
    [
      "https://a:b@c.io/?next=https://d:e@f.io",
      "https://[Filtered]:[Filtered]@c.io/?next=https://[Filtered]:[Filtered]@f.io",
    ],
    ["curl -u bob:hunter2 https://a.io", "curl -u [Filtered]:[Filtered] https://a.io"],
    [
      "\uff30\uff21\uff33\uff33\uff37\uff2f\uff32\uff24=x",
      "\uff30\uff21\uff33\uff33\uff37\uff2f\uff32\uff24=[Filtered]",
    ],
    [`{"n": [4111111111111111, 1]}`, `{"n":["[Filtered]",1]}`],
    ["a\n-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----\nb", "a\n[Filtered]\n\n\nb"],
    [
      "private_key=-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----",
      "private_key=[Filtered]\n\n",
    ],
    [
      "?db=postgres%3A%2F%2Fann%3Apg-5150%40db%2Forders&n=1",
      "?db=postgres%3A%2F%2F[Filtered]:[Filtered]%40db%2Forders&n=1",
    ],
    ["-----BEGIN PRIVATE KEY-----\nMIIabc", "[Filtered]\n"],
    ["Incorrect API key: abc-123", "Incorrect API key: [Filtered]"],
    ["token: 9f8e7d6c5b", "token: [Filtered]"],
    ["?token=abc", "?token=[Filtered]"],
  ];

  test.each(cases)("%s", (text, expected) => {
    expect(scrub(text)).toBe(expected);
  });

  test.each(cases)("and nothing more the second time: %s", (text) => {
    expect(scrub(scrub(text))).toBe(scrub(text));
  });
});

describe("Scrubber.text() keeps", () => {
  test.each([
    "Cannot read properties of undefined (reading 'password')",
    "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    "Unexpected token: punc",
    "auth: failed to connect to upstream",
    "session: closed",
    "author=bob&page=2",
    "GET /orders/12345?sort=asc&page=2",
    "order 1234567890123456 not found",
    "at 1767323045678901 us",
    "1767323045678",
    "id 4111b111-1111-4111-8111-111111111111",
    "request 8a0f4111111111111111",
    "f4e5d6c7-4111-1111-1111-111111111111",
    "snowflake 175928847299117063",
    "+49 170 1234567, +1 415 555 2671",
    "usage: prompt_tokens=512 max_tokens: 4096",
    "basic functionality, bearer of news",
    "Auth::Token::decode failed",
    "https://example.com:8080/@user/profile",
    "mail bob@example.com",
    "password=",
    "password=null, token: undefined",
    "if (a === b) return c",
    "2026-01-02T03:04:05.678Z",
    "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
    "eyJ is how they start",
    "cardinality: 4 secretary: Bob",
    '{"author":"bob","keys":[1,2],"tokenCount":7}',
  ])("%s", (text) => {
    expect(scrub(text)).toBe(text);
  });
});

describe("Scrubber.text() takes linear time", () => {
  const seeds = [
    "a",
    "=",
    ":",
    "a=",
    "a:",
    "token=",
    "password:",
    "password: ",
    '"',
    "\\",
    '\\"',
    '"password":"',
    '"password":{',
    'password=\\"',
    "4111 ",
    "4111-",
    "4",
    "41111111111111111111",
    "eyJ",
    "eyJ.",
    "-eyJ",
    "eyJa.eyJ",
    "://",
    "://a:b@",
    "://a:",
    "@",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----END",
    "Bearer ",
    "bearer a",
    "basic  ",
    "sk-",
    "ghp_",
    "xoxb-",
    "SG.",
    "SG.aaaaaaaaaaaaaaaaaaaaaa",
    "--",
    "--password ",
    "--a-",
    "--aaaa ",
    "</",
    "<a ",
    "<a>",
    "<password>",
    "<password ",
    "%3d",
    "%3Dpassword",
    "password%3D%26",
    "%3a%2f%2f",
    "%3a%2f%2fa%3ab%40",
    "a,",
    "password=,",
    "password=a,b",
    ";",
    "&",
    "a&",
    "password=;a",
    "'",
    "it's ",
    " ",
    "\n",
    "[",
    "{",
    "]",
    "\u{1f600}",
    "é",
    "cookie: a",
    "authorization:",
    " -u",
    " -u a",
    " -u a:",
    "://a://",
    "\n:\n",
    '"a"\n:',
    "<a\u00a0",
    " --user=",
  ];

  test.each(seeds)("on %j repeated", (seed) => {
    const text = `password</ ://@ -----BEGIN eyJ bearer -- ${seed.repeat(Math.ceil(1_000_000 / seed.length))}`;
    const started = cpuMs();
    scrub(text);

    expect(cpuMs() - started).toBeLessThan(1500);
  });

  test("on any mixture of them", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...seeds), { minLength: 2, maxLength: 6 }), (parts) => {
        const mixture = parts.join("");
        const text = mixture.repeat(Math.ceil(50_000 / mixture.length));
        const started = cpuMs();
        scrub(text);

        expect(cpuMs() - started).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });
});
