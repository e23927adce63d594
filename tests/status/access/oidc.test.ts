import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { type Logger, silentLogger } from "../../../src/core/logger.ts";
import type { OidcSettings } from "../../../src/core/settings.ts";
import { realClock } from "../../../src/pipeline/real-clock.ts";
import { OidcVerifier } from "../../../src/status/access/oidc.ts";
import { createStatusApp } from "../../../src/status/app.ts";
import { gateOf } from "../../support/token-access.ts";
import { fakeView } from "../fake-view.ts";

// A real issuer on this machine, with real keys.

interface Pair {
  readonly kid: string;
  readonly alg: string;
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

let issuer: Issuer;

class Issuer implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  published: Pair[] = [];
  asked: string[] = [];
  discovery: (url: string) => unknown = (url) => ({ issuer: url, jwks_uri: `${url}/keys` });
  /** Answers nothing, ever. */
  isSilent = false;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", ({ url }, response) => {
      this.asked.push(url!);
      if (this.isSilent) return;
      const found = url === "/keys" ? this.#keys() : Promise.resolve(this.discovery(this.url));
      void found.then((said) => {
        response.writeHead(said === undefined ? 404 : 200).end(JSON.stringify(said));
      });
    });
  }

  async #keys(): Promise<unknown> {
    const keys = this.published.map(async ({ publicKey, kid, alg }) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg,
      use: "sig",
    }));
    return { keys: await Promise.all(keys) };
  }

  static async start(port = 0): Promise<Issuer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return new Issuer(server);
  }

  async newKey(alg = "RS256", kid = `key-${this.published.length}`): Promise<Pair> {
    const pair = { kid, alg, ...(await generateKeyPair(alg, { extractable: true })) };
    this.published.push(pair);
    return pair;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

beforeEach(async () => {
  issuer = await Issuer.start();
});

afterEach(async () => {
  await issuer[Symbol.asyncDispose]();
});

const NOW_S = (): number => Math.floor(Date.now() / 1000);

interface Claims extends JWTPayload {
  readonly roles?: unknown;
}

async function tokenOf(pair: Pair, claims: Claims = {}): Promise<string> {
  const usual = {
    iss: issuer.url,
    aud: "aggregator",
    sub: "4711",
    preferred_username: "anna",
    exp: NOW_S() + 300,
    roles: ["plant-operators"],
  };
  return await new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: pair.alg, kid: pair.kid })
    .sign(pair.privateKey);
}

function verifierOf(
  more: Partial<OidcSettings> = {},
  cooldownMs = 0,
  logger: Logger = silentLogger,
): OidcVerifier {
  const settings: OidcSettings = {
    issuer: issuer.url,
    audience: ["aggregator"],
    jwksUrl: undefined,
    roleClaim: "roles",
    roles: [
      ["everybody", "viewer"],
      ["plant-operators", "operator"],
      ["machines", "ingest"],
    ],
    ...more,
  };
  return new OidcVerifier(settings, { clock: realClock, logger, cooldownMs });
}

async function outcomeOf(token: string, verifier = verifierOf()): Promise<string> {
  const outcome = await verifier.verify(token);
  return outcome.kind === "identity" ? outcome.identity.role : `${outcome.kind}: ${outcome.reason}`;
}

describe("OidcVerifier", () => {
  test.each(["RS256", "PS384", "ES256", "EdDSA"])("takes a token signed by %s", async (alg) => {
    const pair = await issuer.newKey(alg);
    const expiry = NOW_S() + 300;
    const outcome = await verifierOf().verify(await tokenOf(pair));
    expect(outcome).toMatchObject({
      kind: "identity",
      identity: { name: "anna", role: "operator", via: "oidc" },
    });
    const { identity } = outcome as { identity: { expiresAtMs: number } };
    expect(Math.abs(identity.expiresAtMs / 1000 - expiry)).toBeLessThan(5);
  });

  test("asks for the keys once, and finds them without discovery where they are named", async () => {
    const pair = await issuer.newKey();
    const verifier = verifierOf();
    const tokens = await Promise.all([1, 2, 3].map((n) => tokenOf(pair, { jti: String(n) })));
    await Promise.all(tokens.map((token) => verifier.verify(token)));
    await verifier.verify(tokens[0]!);
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
    issuer.asked = [];
    const named = verifierOf({ jwksUrl: `${issuer.url}/keys` });
    expect(await outcomeOf(tokens[0]!, named)).toBe("operator");
    expect(issuer.asked).toEqual(["/keys"]);
  });

  test("refuses what expired, is not yet, is for others, of others, or has no end", async () => {
    const pair = await issuer.newKey();
    const verifier = verifierOf();
    const refused = async (claims: Claims): Promise<string> =>
      outcomeOf(await tokenOf(pair, claims), verifier);
    expect(await refused({ exp: NOW_S() - 60 })).toBe("wrong: Token is wrong: it expired");
    // The clocks may be apart a little.
    expect(await refused({ exp: NOW_S() - 5 })).toBe("operator");
    expect(await refused({ nbf: NOW_S() + 300 })).toContain('"nbf"');
    expect(await refused({ nbf: NOW_S() + 5 })).toBe("operator");
    expect(await refused({ aud: "other" })).toContain('"aud"');
    expect(await refused({ aud: ["other", "aggregator"] })).toBe("operator");
    expect(await refused({ iss: "http://127.0.0.1:1" })).toContain('"iss"');
    expect(await refused({ exp: undefined } as unknown as Claims)).toContain('"exp"');
  });

  test("refuses what another key signed, also under the name of the right one", async () => {
    const right = await issuer.newKey();
    const wrong = await issuer.newKey();
    issuer.published = [right];
    const verifier = verifierOf();
    expect(await outcomeOf(await tokenOf(wrong), verifier)).toContain("no key of the issuer");
    const forged = await tokenOf({ ...wrong, kid: right.kid });
    expect(await outcomeOf(forged, verifier)).toContain("its signature is wrong");
  });

  test("refuses no algorithm, and the public key as a shared secret", async () => {
    const pair = await issuer.newKey();
    const claims = { iss: issuer.url, aud: "aggregator", roles: ["plant-operators"] };
    const none = new UnsecuredJWT(claims).setExpirationTime("1h").encode();
    expect(await outcomeOf(none)).toStartWith("wrong: ");
    const secret = new TextEncoder().encode(await exportSPKI(pair.publicKey));
    const hmac = await new SignJWT(claims)
      .setExpirationTime("1h")
      .setProtectedHeader({ alg: "HS256", kid: pair.kid })
      .sign(secret);
    expect(await outcomeOf(hmac)).toContain("its algorithm is not taken");
    const [head, body, signature] = (await tokenOf(pair)).split(".") as [string, string, string];
    for (const broken of [
      `${head}.${body}.`,
      `${head}..${signature}`,
      `eyJ.${body}.${signature}`,
    ]) {
      expect(await outcomeOf(broken)).toStartWith("wrong: ");
    }
  });

  test("follows when the keys are changed, and drops the old ones", async () => {
    const old = await issuer.newKey();
    const verifier = verifierOf();
    expect(await outcomeOf(await tokenOf(old), verifier)).toBe("operator");
    issuer.published = [];
    const fresh = await issuer.newKey("ES256", "fresh");
    expect(await outcomeOf(await tokenOf(fresh), verifier)).toBe("operator");
    expect(await outcomeOf(await tokenOf(old), verifier)).toContain("no key of the issuer");
  });

  test("made-up names of keys do not make it ask again and again", async () => {
    const pair = await issuer.newKey();
    const verifier = verifierOf({}, 60_000);
    for (let i = 0; i < 5; i++) {
      await verifier.verify(await tokenOf({ ...pair, kid: `made up ${i}` }));
    }
    expect(issuer.asked.filter((path) => path === "/keys")).toHaveLength(1);
  });

  test.each(["/nothing", "/nonsense"])(
    "an issuer whose keys cannot be had is not asked again and again (%s)",
    async (path) => {
      const token = await tokenOf(await issuer.newKey());
      const usual = issuer.discovery;
      issuer.discovery = (url) =>
        issuer.asked.at(-1) === "/nonsense"
          ? { keys: "none" }
          : issuer.asked.at(-1) === "/nothing"
            ? undefined
            : { ...(usual(url) as object), jwks_uri: url + path };
      const lines: unknown[] = [];
      const logger = {
        ...silentLogger,
        warn: (message: string, fields?: unknown) => void lines.push([message, fields]),
      };
      const verifier = verifierOf({}, 60_000, logger);
      for (let i = 0; i < 5; i++) {
        expect(await outcomeOf(token, verifier)).toStartWith("unreachable: The issuer of tokens");
      }
      expect(issuer.asked.filter((asked) => asked === path)).toHaveLength(1);
      const error = expect.stringContaining(path);
      expect(lines).toEqual([["The issuer of tokens cannot be asked.", { error }]]);
    },
  );

  test("a URL of its keys is told without what may be a key itself, and is one of the web", async () => {
    const token = await tokenOf(await issuer.newKey());
    const jwksUrl = `${issuer.url}/nothing?key=s3cret`;
    issuer.discovery = () => undefined;
    const said = await outcomeOf(token, verifierOf({ jwksUrl }));
    expect(said).toContain(`${issuer.url}/nothing answers with status 404`);
    expect(said).not.toContain("s3cret");
    for (const jwks_uri of ["file:///etc/passwd", "data:application/json,{}", "/keys", 7]) {
      issuer.discovery = (url) => ({ issuer: url, jwks_uri });
      expect(await outcomeOf(token)).toContain("names no jwks_uri");
    }
    issuer.discovery = () => ({ issuer: "x".repeat(100_000) });
    expect((await outcomeOf(token)).length).toBeLessThan(500);
  });

  test("gives the role of the claim, the largest of several", async () => {
    const pair = await issuer.newKey();
    const verifier = verifierOf();
    const given = async (roles: unknown): Promise<string> =>
      outcomeOf(await tokenOf(pair, { roles }), verifier);
    expect(await given(["everybody"])).toBe("viewer");
    expect(await given(["everybody", "plant-operators"])).toBe("operator");
    expect(await given("openid machines")).toBe("ingest");
    for (const none of [undefined, [], "nobody", 7, { everybody: true }, [["everybody"]]]) {
      expect(await given(none)).toBe(
        'no-role: The claim "roles" of the token names no role of this service',
      );
    }
    const nested = { realm_access: { roles: ["everybody"] } };
    const deep = verifierOf({ roleClaim: "realm_access.roles" });
    expect(await outcomeOf(await tokenOf(pair, nested), deep)).toBe("viewer");
    const flat = verifierOf({ roleClaim: "https://plant/roles" });
    const named = { "https://plant/roles": "machines" };
    expect(await outcomeOf(await tokenOf(pair, named), flat)).toBe("ingest");
  });

  test("tells when the issuer is away, is another one, or talks nonsense", async () => {
    const pair = await issuer.newKey();
    const token = await tokenOf(pair);
    const { url } = issuer;
    issuer.discovery = () => undefined;
    expect(await outcomeOf(token)).toContain("answers with status 404");
    issuer.discovery = () => ({ issuer: "http://evil", jwks_uri: `${url}/keys` });
    expect(await outcomeOf(token)).toContain('is of the issuer "http://evil"');
    issuer.discovery = () => ({ issuer: url });
    expect(await outcomeOf(token)).toContain("names no jwks_uri");
    issuer.discovery = () => ({ issuer: url, jwks_uri: `${url}/nothing` });
    expect(await outcomeOf(token)).toStartWith("unreachable: ");
    issuer.discovery = () => ({
      issuer: url,
      jwks_uri: `${url}/keys`,
      padding: "x".repeat(2 ** 20),
    });
    expect(await outcomeOf(token)).toContain("more than 1048576 bytes");
    await issuer[Symbol.asyncDispose]();
    expect(await outcomeOf(token)).toMatch(/^unreachable: .*cannot be reached/);
    issuer = await Issuer.start();
  });

  test("an issuer that was away and is back is asked again", async () => {
    const pair = await issuer.newKey();
    const token = await tokenOf(pair);
    const verifier = verifierOf();
    const usual = issuer.discovery;
    issuer.discovery = () => undefined;
    expect(await outcomeOf(token, verifier)).toStartWith("unreachable: ");
    issuer.discovery = usual;
    expect(await outcomeOf(token, verifier)).toBe("operator");
  });

  test("one that never answers is not waited for without end", async () => {
    const token = await tokenOf(await issuer.newKey());
    issuer.isSilent = true;
    expect(await outcomeOf(token)).toStartWith("unreachable: ");
  });
});

describe("over HTTP", () => {
  const appWith = (oidc: OidcVerifier | undefined) => {
    const gate = gateOf({}, { keys: { tokens: () => [], oidc } });
    const access = { mode: "token", gate } as const;
    const app = createStatusApp({ view: fakeView(), access, logger: silentLogger });
    const ask = async (token: string, path = "/status") =>
      await app.request(path, { headers: { authorization: `Bearer ${token}` } });
    return { gate, app, ask };
  };

  test("it is 200, 401, 403 and 503, each with its reason", async () => {
    const pair = await issuer.newKey();
    const { ask } = appWith(verifierOf());
    expect((await ask(await tokenOf(pair))).status).toBe(200);
    const expired = await ask(await tokenOf(pair, { exp: 1 }));
    expect([expired.status, await expired.json()]).toEqual([
      401,
      { error: "Token is wrong: it expired" },
    ]);
    expect((await ask(await tokenOf(pair, { roles: [] }))).status).toBe(403);
    expect((await ask(await tokenOf(pair, { roles: ["machines"] }))).status).toBe(403);
    const away = appWith(verifierOf({ jwksUrl: "http://127.0.0.1:1/keys" }));
    const unknown = await away.ask(await tokenOf(pair));
    expect([unknown.status, unknown.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(((await unknown.json()) as { error: string }).error).toContain("cannot be reached");
    expect(away.gate.attempts.failures).toBe(0);
  });

  test("a browser signs in with it, and stays so until the token ends or the issuer changes", async () => {
    const pair = await issuer.newKey();
    const { app, gate } = appWith(verifierOf());
    const token = await tokenOf(pair, { exp: NOW_S() + 60 });
    const answer = await app.request("/login", { method: "POST", body: JSON.stringify({ token }) });
    const session = (await answer.json()) as { expires_at: number };
    expect(session).toMatchObject({ name: "anna", role: "operator" });
    expect(session.expires_at - NOW_S()).toBeLessThanOrEqual(60);
    const cookie = answer.headers.get("set-cookie")!.split(";")[0]!;
    const look = async () => (await app.request("/status", { headers: { cookie } })).status;
    expect(await look()).toBe(200);
    gate.follow({ tokens: () => [], oidc: verifierOf() });
    expect(await look()).toBe(401);
  });
});
