import type { CorpusCase } from "./corpus.js";

/** Digits and letters of no meaning, the same each time. */
function filler(length: number, alphabet: string): string {
  let state = 7;
  let text = "";
  while (text.length < length) {
    state = (state * 48271) % 2147483647;
    text += alphabet[state % alphabet.length];
  }
  return text;
}

const HEX = "0123456789abcdef";
const LOWER = "abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const MIXED = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const alphabets = { x: HEX, l: LOWER, u: UPPER, m: MIXED } as const;

/**
 * Tokens as their issuers publish them, put together when the tests run so that no scanner takes one for real: text in
 * which `x40` stands for forty hexadecimal digits, `l` for small letters and digits, `u` for capitals, `m` for both.
 */
const SHAPES = `
AKIA~u16 ASIA~u16 ABIA~u16 ACCA~u16 ABSK~m110 ghp_~m36 gho_~m36 ghu_~m36 ghs_~m36 ghr_~m36 github_pat_~m22~_~m59 glpat-~m20
glrt-~m20 gldt-~m20 glcbt-~l2~_~m20 glptt-~x40 glft-~m20 glimt-~m25 glagent-~m50 gloas-~x64 glsoat-~m20 glffct-~m20
xoxb-123456789012-1234567890123-~m24 xoxp-12345678901-12345678901-123456789012-~x32 xoxa-2-~m40 xoxe.xoxp-1-~m160 xoxe-1-~m146 xoxr-~m40
xoxs-123456789012-~m24 xapp-1-A~u10~-1234567890123-~x64 xwfp-~m60
sk_live_~m24 sk_test_~m24 rk_live_~m24 rk_test_~m24 sk_prod_~m99 whsec_~m32 AIza~m35 ya29.~m60 GOCSPX-~m28 1//0~m60
npm_~m36 pypi-AgEIcHlwaS5vcmc~m60 rubygems_~x48 cio~m32 oy2~l43 CLOJARS_~l60 dckr_pat_~m27 dckr_oat_~m32
SG.~m22~.~m43 xkeysib-~x64~-~m16 xsmtpsib-~x64~-~m16 key-~x32 re_~m8~_~m24 ~x32~-us12
sk-~m48 sk-proj-~m74~T3BlbkFJ~m74 sk-svcacct-~m74 sk-admin-~m74 sk-ant-api03-~m93~AA sk-or-v1-~x64 sk-lf-~x8~-~x4~-~x4~-~x4~-~x12 hf_~m34 api_org_~m34 r8_~m37 gsk_~m52
xai-~m80 pplx-~m48 tgp_v1_~m43 lsv2_pt_~x32~_~x10 lsv2_sk_~x32~_~x10 pcsk_~m6~_~m63 jina_~x32~m28 tvly-~m32 nvapi-~m64 csk-~l48 fc-~x32
dop_v1_~x64 doo_v1_~x64 dor_v1_~x64 shpat_~x32 shpca_~x32 shppa_~x32 shpss_~x32
lin_api_~m40 secret_~m43 ntn_~m46 pat~m14~.~x64 figd_~m40 ATATT3~m186 ATCTT3~m180 ATBB~m32 PMAK-~x24~-~x34 tfp_~m59 CFPAT-~m43
dp.pt.~m43 dp.st.dev.~m43 dp.ct.~m43 dp.scim.~m43 hvs.~m90 hvb.~m140 s.~m24 ~m14~.atlasv1.~m64 pul-~x40 dapi~x32
NRAK-~u27 NRJS-~x19 NRII-~m32 glc_~m60 glsa_~m32~_~x8 sntrys_~m80 sntryu_~x64 hcaik_01~l58
dt0c01.~u24~.~u64 pscale_tkn_~m43 pscale_pw_~m43 pscale_oauth_~m43 pnu_~l36 rdme_~l70 tk-us-~m48 sq0atp-~m22 sq0csp-~m43 EAAA~m60
EAA~m120 HRKU-~x8~-~x4~-~x4~-~x4~-~x12 nfp_~m36 vcp_~m56 rnd_~m32 fm2_~m100 fo1_~m43 sbp_~x40 sb_secret_~m31 napi_~l64
aio_~m28 AGE-SECRET-KEY-1~u58 LTAI~m20 AKID~m32 p8e-~l32 ops_eyJ~m250 bkua_~x40 CCIPAT_~m22~_~x40 CCIPRJ_~m22~_~x40
duffel_live_~m43 duffel_test_~m43 EZAK~m54 EZTK~m54 FLWSECK_TEST-~x32~-X FLWSECK-~x32~-X fio-u-~m64 live_~m40 test_~m30
pat-na1-~x8~-~x4~-~x4~-~x4~-~x12 AKCp~m69 sk.eyJ~m60~.~m22 access-sandbox-~x8~-~x4~-~x4~-~x4~-~x12 access-production-~x8~-~x4~-~x4~-~x4~-~x12
rzp_live_~m14 sm_aat_~m16 shippo_live_~x40 shippo_test_~x40 sqp_~x40 squ_~x40 sgp_~x40 tskey-auth-~m12~CNTRL-~m32 SK~x32
MT~m24~.~m6~.~m38 1234567890:AA~m33 API-~u26 unkey_~m22 tr_dev_~m20 tr_prod_~m20 secret-live-~m36 sdk-~x8~-~x4~-~x4~-~x4~-~x12
phx_~m43 5~m50 xprv~m107 dnkey-~m26~-~m52 ico-~m32 pat.~m22~.~x24~.~m20 ovsxp_~x36 ~m3~8Q~~m34 sha256~~m43 ~m6~_~m29~_mmk access_token$production$~l16~$~x32
tmprl_~m40 e2b_~x40 ~m11~:APA91b~m134 eyJhbGciOiJIUzI1NiJ9.eyJ~m30~.~m43 eyJ~m60
`;

/** `AKIA~u16`: what stands between the tildes, and fillers. */
function tokenFrom(shape: string): string {
  return shape
    .replace("8Q~~", "8Q^~")
    .replace("sha256~~", "sha256^~")
    .split("~")
    .map((part) => {
      const [, alphabet, length] = /^([xlum])(\d+)$/.exec(part) ?? [];
      return alphabet === undefined
        ? part
        : filler(Number(length), alphabets[alphabet as keyof typeof alphabets]);
    })
    .join("")
    .replaceAll("^", "~");
}

/** A token of each shape, in prose, in a URL's path, and as the end of a text that was cut. */
export const PROVIDERS: readonly CorpusCase[] = SHAPES.trim()
  .split(/\s+/)
  .flatMap((shape): CorpusCase[] => {
    const token = tokenFrom(shape);
    return [
      [
        `upstream said ${token}, order 4711`,
        "text",
        [token, token.slice(-12)],
        ["upstream said", "order 4711"],
      ],
      [`${token}`, "name", [token.slice(-12)], []],
    ];
  });

const WEBHOOK = ["https://hooks.", "slack.com/services/T01234567/B01234567/", filler(24, MIXED)].join("");
/** Addresses that are secrets themselves. */
export const SECRET_URLS: readonly CorpusCase[] = [
  [`POST ${WEBHOOK} failed with 404`, "text", [filler(24, MIXED)], ["hooks.slack.com", "failed with 404"]],
  [
    `POST https://discord.com/api/webhooks/123456789012345678/${filler(68, MIXED)} answered 401`,
    "text",
    [filler(68, MIXED)],
    ["discord.com", "answered 401"],
  ],
  [
    `https://hooks.zapier.com/hooks/catch/1234567/${filler(7, LOWER)}/`,
    "text",
    [filler(7, LOWER)],
    ["hooks.zapier.com"],
  ],
  [
    `https://acme.webhook.office.com/webhookb2/${filler(36, HEX)}@x/IncomingWebhook/${filler(32, HEX)}`,
    "text",
    [filler(32, HEX)],
    ["acme.webhook"],
  ],
  [
    `https://api.telegram.org/bot1234567890:AA${filler(33, MIXED)}/sendMessage`,
    "text",
    [filler(33, MIXED)],
    ["api.telegram.org", "sendMessage"],
  ],
  [
    `https://maker.ifttt.com/trigger/x/with/key/${filler(22, MIXED)}`,
    "text",
    [filler(22, MIXED)],
    ["maker.ifttt.com"],
  ],
  [
    `https://acme.blob.core.windows.net/c/b?sv=2022-11-02&sr=b&sig=${filler(43, MIXED)}%3D&se=2030`,
    "text",
    [filler(43, MIXED)],
    ["acme.blob.core.windows.net", "sv=2022-11-02"],
  ],
  [
    `https://b.s3.amazonaws.com/k?X-Amz-Credential=AK&X-Amz-Signature=${filler(64, HEX)}&X-Amz-Expires=300`,
    "text",
    [filler(64, HEX)],
    ["b.s3.amazonaws.com/k", "X-Amz-Expires=300"],
  ],
];
