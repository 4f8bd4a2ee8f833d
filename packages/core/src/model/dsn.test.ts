import { describe, expect, test } from "vitest";
import { authHeader, type Dsn, DsnError, dsnToString, envelopeUrl, parseDsn } from "./dsn.js";

describe("parseDsn()", () => {
  const cases: [form: string, text: string, dsn: Dsn, url: string][] = [
    [
      "reads a public key",
      "https://KEY@host/1",
      { protocol: "https", publicKey: "KEY", host: "host", path: "", projectId: "1" },
      "https://host/api/1/envelope/",
    ],
    [
      "keeps a legacy secret",
      "https://KEY:SECRET@host/1",
      { protocol: "https", publicKey: "KEY", secretKey: "SECRET", host: "host", path: "", projectId: "1" },
      "https://host/api/1/envelope/",
    ],
    [
      "takes an empty secret for none",
      "https://KEY:@host/1",
      { protocol: "https", publicKey: "KEY", host: "host", path: "", projectId: "1" },
      "https://host/api/1/envelope/",
    ],
    [
      "keeps a path in front of the project id",
      "https://KEY@host:9000/a/b/1",
      { protocol: "https", publicKey: "KEY", host: "host", port: "9000", path: "/a/b", projectId: "1" },
      "https://host:9000/a/b/api/1/envelope/",
    ],
    [
      "keeps the brackets of an IPv6 host",
      "http://KEY@[::1]:8000/1",
      { protocol: "http", publicKey: "KEY", host: "[::1]", port: "8000", path: "", projectId: "1" },
      "http://[::1]:8000/api/1/envelope/",
    ],
    [
      "reads a hosted one",
      "https://abc@o123.ingest.de.example.io/4505",
      { protocol: "https", publicKey: "abc", host: "o123.ingest.de.example.io", path: "", projectId: "4505" },
      "https://o123.ingest.de.example.io/api/4505/envelope/",
    ],
    [
      "drops the transport prefix of older clients",
      "requests+https://KEY@host/1",
      { protocol: "https", publicKey: "KEY", host: "host", path: "", projectId: "1" },
      "https://host/api/1/envelope/",
    ],
    [
      "ignores slashes at the end, query and fragment",
      "https://KEY@host/1/?x=y#z",
      { protocol: "https", publicKey: "KEY", host: "host", path: "", projectId: "1" },
      "https://host/api/1/envelope/",
    ],
    [
      "drops the protocol's own port",
      "https://KEY@host:443/1",
      { protocol: "https", publicKey: "KEY", host: "host", path: "", projectId: "1" },
      "https://host/api/1/envelope/",
    ],
    [
      "takes any text for key and project",
      "https://my-key.1@host/my-project",
      { protocol: "https", publicKey: "my-key.1", host: "host", path: "", projectId: "my-project" },
      "https://host/api/my-project/envelope/",
    ],
    [
      "decodes percent signs",
      "https://k%40y:s%3Ac@host/1",
      { protocol: "https", publicKey: "k@y", secretKey: "s:c", host: "host", path: "", projectId: "1" },
      "https://host/api/1/envelope/",
    ],
    [
      "trims white space",
      "  https://KEY@host/1\n",
      { protocol: "https", publicKey: "KEY", host: "host", path: "", projectId: "1" },
      "https://host/api/1/envelope/",
    ],
  ];

  test.each(cases)("%s", (_form, text, dsn, url) => {
    expect(parseDsn(text)).toEqual(dsn);
    expect(envelopeUrl(parseDsn(text))).toBe(url);
  });

  const broken: [text: unknown, part: DsnError["part"], message: string][] = [
    [
      "",
      "text",
      "Invalid DSN: text: expected text of the form https://KEY@host/PROJECT, received an empty string",
    ],
    [
      undefined,
      "text",
      "Invalid DSN: text: expected text of the form https://KEY@host/PROJECT, received undefined",
    ],
    [null, "text", "Invalid DSN: text: expected text of the form https://KEY@host/PROJECT, received null"],
    [
      "KEY@host/1",
      "text",
      'Invalid DSN: text: expected text of the form https://KEY@host/PROJECT, received text without "://"',
    ],
    ["ftp://KEY@host/1", "protocol", 'Invalid DSN: protocol: expected http or https, received "ftp"'],
    [
      "https://host/1",
      "public key",
      "Invalid DSN: public key: expected a key in front of the host: https://KEY@host/1, received none",
    ],
    [
      "https://:SECRET@host/1",
      "public key",
      "Invalid DSN: public key: expected a key in front of the host: https://KEY@host/1, received none",
    ],
    ["https://KEY@/1", "host", "Invalid DSN: host: expected a host name behind the @, received none"],
    ["https://KEY@:9000/1", "host", "Invalid DSN: host: expected a host name behind the @, received none"],
    [
      "https://KEY@host:99999/1",
      "host",
      "Invalid DSN: host: expected a host name, optionally with a port from 1 to 65535, received one that is no valid address",
    ],
    [
      "https://KEY@host",
      "project id",
      "Invalid DSN: project id: expected the project's id as last part of the path: https://KEY@host/1, received none",
    ],
    [
      "https://KEY@host/",
      "project id",
      "Invalid DSN: project id: expected the project's id as last part of the path: https://KEY@host/1, received none",
    ],
  ];

  test.each(broken)("refuses %j and names the part", (text, part, message) => {
    const parse = (): Dsn => parseDsn(text as string);

    expect(parse).toThrow(DsnError);
    expect(parse).toThrow(
      expect.objectContaining({
        name: "DsnError",
        part,
        message: `${message} (see @corvid/core/dist/docs/troubleshooting.md#bad-dsn)`,
      }),
    );
  });

  test("never repeats a secret in what it throws", () => {
    for (const text of [
      "ftp://KEY:TOPSECRET@host/1",
      "https://KEY:TOPSECRET@/1",
      "https://KEY:TOPSECRET@host:0x/1",
      "https://KEY:TOPSECRET@host",
    ]) {
      expect(() => parseDsn(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("TOPSECRET") }),
      );
    }
  });
});

describe("authHeader()", () => {
  test("names key, version and client", () => {
    const header = authHeader(parseDsn("https://KEY@host/1"), "corvid.node/1.2.3");

    expect(header).toBe("Sentry sentry_key=KEY, sentry_version=7, sentry_client=corvid.node/1.2.3");
  });

  test("carries a secret and lets no part break the grammar", () => {
    const header = authHeader(parseDsn("https://a%2Cb%3Dc:s%0A%22t@host/1"), "corvid.node/1.2.3");

    expect(header).toBe(
      "Sentry sentry_key=a%2Cb%3Dc, sentry_version=7, sentry_client=corvid.node/1.2.3, sentry_secret=s%0A%22t",
    );
  });
});

describe("dsnToString()", () => {
  test("leaves the secret out", () => {
    expect(dsnToString(parseDsn("https://KEY:SECRET@host:9000/a/1"))).toBe("https://KEY@host:9000/a/1");
  });
});
