// Verifies what it is given, makes tokens of its own, and says what came of it. JSON in, JSON out.
import { readFileSync } from "node:fs";
import * as jose from "jose";

const asked = JSON.parse(readFileSync(0, "utf8"));
const keySet = jose.createRemoteJWKSet(new URL(asked.jwksUrl));
const secret = new TextEncoder().encode(asked.secret);
const isSecret = (algorithm) => algorithm.startsWith("HS");

async function verified(algorithm, token) {
  try {
    const key = isSecret(algorithm) ? secret : keySet;
    const { payload } = await jose.jwtVerify(token, key, { algorithms: [algorithm] });
    return payload;
  } catch (error) {
    return { refused: error.code ?? String(error) };
  }
}

async function made(algorithm) {
  const header = { alg: algorithm, typ: "JWT" };
  let key = secret;
  let jwk;
  if (!isSecret(algorithm)) {
    const pair = await jose.generateKeyPair(algorithm, { extractable: true });
    jwk = await jose.exportJWK(pair.publicKey);
    header.kid = await jose.calculateJwkThumbprint(jwk);
    jwk = { ...jwk, kid: header.kid, alg: algorithm, use: "sig" };
    key = pair.privateKey;
  }
  const token = await new jose.SignJWT(asked.claims).setProtectedHeader(header).sign(key);
  return { jwk, token };
}

const answers = { verified: {}, refused: {}, made: {}, thumbprints: [] };
for (const [algorithm, token] of Object.entries(asked.tokens)) {
  answers.verified[algorithm] = await verified(algorithm, token);
}
for (const [algorithm, token] of Object.entries(asked.forged)) {
  answers.refused[algorithm] = await verified(algorithm, token);
}
for (const algorithm of Object.keys(asked.tokens)) {
  answers.made[algorithm] = await made(algorithm);
}
for (const jwk of asked.jwks) {
  answers.thumbprints.push(await jose.calculateJwkThumbprint(jwk));
}
process.stdout.write(JSON.stringify(answers));
