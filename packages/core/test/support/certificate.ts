import { generate } from "selfsigned";

/** A key and a certificate for `localhost` and `127.0.0.1` that sign themselves, made for one run and kept nowhere. */
export async function createCertificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const extensions = [
    {
      name: "subjectAltName" as const,
      altNames: [
        { type: 2 as const, value: "localhost" },
        { type: 7 as const, ip: "127.0.0.1" },
      ],
    },
  ];
  const pair = await generate([{ name: "commonName", value: "corvid-test-only" }], {
    keyType: "ec",
    extensions,
  });
  return { key: pair.private, cert: pair.cert };
}
