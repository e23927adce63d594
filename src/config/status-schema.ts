import { resolve as resolvePath } from "node:path";
import * as v from "valibot";
import { TOKENS_MAX } from "../core/limits.ts";
import { ROLES } from "../core/role.ts";
import type { StatusSettings } from "../core/settings.ts";
import { millisOf, secondsOf } from "../core/time.ts";
import { TOKEN_NAME, TOKEN_NAME_WANTED } from "../core/token-name.ts";
import { duration } from "./duration.ts";
import { instant } from "./instant.ts";

const PORT_DEFAULT = 8000;

const role = v.picklist(ROLES);

const tokenText = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces, and not empty"),
);

const file = v.pipe(v.string(), v.nonEmpty(), v.metadata({ kind: "path" }));

function webUrl(): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      (text) => /^https?:\/\//i.test(text) && URL.canParse(text),
      "must be a URL such as https://login.example.com/realms/plant",
    ),
    // Strangers are told the URL when nobody answers there.
    v.check((text) => {
      const url = URL.parse(text);
      return url === null || (url.username === "" && url.password === "");
    }, "must hold no user and no password: what an issuer publishes is open to everybody"),
  );
}

/** Claims and certificates of somebody else's: by their names a role. */
const roleByName = v.record(v.string(), role);

const tokenSchema = v.strictObject({
  name: v.pipe(
    v.string(),
    v.regex(TOKEN_NAME, TOKEN_NAME_WANTED),
    v.metadata({ kind: "plain" }),
    v.description("Who it is for: shown in the log and on the dashboard."),
  ),
  role: v.pipe(
    role,
    v.metadata({ kind: "plain" }),
    v.description("`viewer` looks, `operator` does everything, `ingest` uses the bus alone."),
  ),
  token: v.pipe(
    tokenText,
    v.metadata({ kind: "secret" }),
    v.description('The token itself, as `env("…")`.'),
  ),
  expires: v.pipe(
    v.optional(instant()),
    v.metadata({ kind: "plain", type: "unix seconds or ISO text" }),
    v.description("From then on it opens nothing; never when left out."),
  ),
});

const tlsSchema = v.strictObject({
  cert: v.pipe(file, v.description("File of the certificate and its chain, PEM.")),
  key: v.pipe(file, v.description("File of its key, PEM.")),
  clientCa: v.pipe(
    v.optional(file),
    v.description("File of the authority that signs certificates of clients."),
  ),
  clientCertificates: v.pipe(
    v.optional(v.picklist(["optional", "required"]), "optional"),
    v.description("With `clientCa`: whether a client without a certificate may connect."),
  ),
  clients: v.pipe(
    v.optional(roleByName, {}),
    v.metadata({ type: "roles by CN or SHA-256 fingerprint" }),
    v.description("What a certificate opens by itself; others need a token besides."),
  ),
});

const oidcSchema = v.strictObject({
  issuer: v.pipe(
    webUrl(),
    v.metadata({ type: "URL" }),
    v.description("As it stands in the claim `iss`; its keys are found from there."),
  ),
  audience: v.pipe(
    v.union([v.pipe(v.string(), v.nonEmpty()), v.pipe(v.array(v.string()), v.nonEmpty())]),
    v.metadata({ type: "text or list of texts" }),
    v.description("What the claim `aud` has to hold, one of them."),
  ),
  jwksUrl: v.pipe(
    v.optional(webUrl()),
    v.metadata({ type: "URL" }),
    v.description("Of its keys, for an issuer without discovery."),
  ),
  roleClaim: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty()), "roles"),
    v.description(
      "The claim that gives the role: a text, a list, or a path such as `realm_access.roles`.",
    ),
  ),
  roles: v.pipe(
    roleByName,
    v.metadata({ type: "roles by the value of the claim" }),
    v.description('Which value gives which role: `{ "plant-operators": "operator" }`.'),
  ),
});

/** The HTTP interface: where it listens, and who may come in. */
export const statusSchema = v.strictObject({
  host: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty()), "127.0.0.1"),
    v.description("Address of the status page and of our own bus. `HOST` when left out."),
  ),
  port: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
    v.description(
      "Port; 0 takes any. `PORT` when left out, else 8000, or the next one that is free.",
    ),
  ),
  token: v.pipe(
    v.optional(tokenText),
    v.metadata({ kind: "secret" }),
    v.description(
      "Bearer token with the role `operator`, required on any address but loopback. " +
        "`AGGREGATOR_TOKEN` when left out, else one for each role is made and printed.",
    ),
  ),
  tokens: v.pipe(
    v.optional(v.pipe(v.array(tokenSchema), v.maxLength(TOKENS_MAX)), []),
    v.metadata({ type: "list of `{ name, role, token, expires? }`" }),
    v.description("Further tokens, each with a role; see [security.md](security.md)."),
  ),
  loopback: v.pipe(
    v.optional(v.picklist(["open", "token"]), "open"),
    v.description("Whether clients on this machine are let in without a token."),
  ),
  sessionTimeout: v.pipe(
    v.optional(duration({ min: "1m", max: "30d" }), "12h"),
    v.metadata({ type: "duration" }),
    v.description("How long a dashboard stays signed in."),
  ),
  tls: v.pipe(
    v.optional(tlsSchema),
    v.metadata({ type: "" }),
    v.description("Serves https; the files are read again at a reload."),
  ),
  oidc: v.pipe(
    v.optional(oidcSchema),
    v.metadata({ type: "" }),
    v.description("Takes tokens of an OpenID Connect issuer, too."),
  ),
});

type Status = v.InferOutput<typeof statusSchema>;

/** @param dir Folder of the configuration: paths start there. */
export function statusSettingsOf(status: Status, dir: string): StatusSettings {
  const { tls, oidc } = status;
  const absolute = (path: string): string => resolvePath(dir, path);
  return {
    host: status.host,
    port: status.port ?? PORT_DEFAULT,
    portAsked: status.port !== undefined,
    token: status.token,
    tokens: status.tokens.map(({ name, role: given, token, expires }) => ({
      name,
      role: given,
      token,
      expiresAtMs: expires === undefined ? undefined : secondsOf(expires) * 1_000,
    })),
    loopback: status.loopback,
    sessionMs: millisOf(status.sessionTimeout),
    ...(tls && {
      tls: {
        cert: absolute(tls.cert),
        key: absolute(tls.key),
        clientCa: tls.clientCa === undefined ? undefined : absolute(tls.clientCa),
        clientCertificates: tls.clientCertificates,
        clients: Object.entries(tls.clients),
      },
    }),
    ...(oidc && {
      oidc: {
        issuer: oidc.issuer,
        audience: [oidc.audience].flat(),
        jwksUrl: oidc.jwksUrl,
        roleClaim: oidc.roleClaim,
        roles: Object.entries(oidc.roles),
      },
    }),
  };
}
