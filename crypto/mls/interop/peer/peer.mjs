/**
 * Clients of ts-mls, moved by one JSON request a line on standard input; answers
 * one a line on standard output, in the order of the requests. Bytes are
 * hexadecimal. What a request did not do, it did not change.
 */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { XWing } from "@hpke/hybridkem-x-wing";
import { p256 } from "@noble/curves/nist.js";
import {
  acceptAll,
  bytesToBase64,
  createApplicationMessage,
  createCommit,
  createGroup,
  createGroupInfoWithExternalPubAndRatchetTree,
  createProposal,
  defaultCryptoProvider,
  decodeMlsMessage,
  defaultCapabilities,
  defaultLifetime,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  joinGroupExternal,
  joinGroupFromReinit,
  makePskIndex,
  mlsExporter,
  processPrivateMessage,
  processPublicMessage,
  proposeAddExternal,
  reinitCreateNewGroup,
} from "ts-mls";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import { decodeVarLenData, varLenDataEncoder } from "ts-mls/codec/variableLength.js";
import { signGroupInfo } from "ts-mls/groupInfo.js";

const SUITES = {
  1: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
  2: "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
  3: "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
  // Private to Ensemble: ts-mls writes a suite that it does not know by its number.
  [0xf0a3]: String(0xf0a3),
};

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));

function decode(text, wireformat) {
  const message = decodeMlsMessage(bytes(text), 0)?.[0];
  if (message === undefined) throw new Error("message cannot be decoded");
  if (wireformat !== undefined && message.wireformat !== wireformat) throw new Error(`${message.wireformat} where ${wireformat} is expected`);
  return message;
}

/**
 * The external_pub extension holds an HPKEPublicKey, which has a length of its own (RFC 9420 §12.4.3.2). This version
 * of ts-mls writes and expects the bare key, so it is shown one when it looks, and its GroupInfo is signed anew.
 */
const isExternalPub = (extension) => extension.extensionType === "external_pub";

function withBareKey(groupInfo) {
  const extensions = [...groupInfo.extensions];
  extensions.find = (wanted) => {
    const found = groupInfo.extensions.find(wanted);
    return found !== undefined && isExternalPub(found) ? { ...found, extensionData: decodeVarLenData(found.extensionData, 0)[0] } : found;
  };
  return { ...groupInfo, extensions };
}

async function withWholeKey({ signature: _, ...groupInfo }, one) {
  const extensions = groupInfo.extensions.map((e) => (isExternalPub(e) ? { ...e, extensionData: encode(varLenDataEncoder)(e.extensionData) } : e));
  return signGroupInfo({ ...groupInfo, extensions }, one.state.signaturePrivateKey, one.suite.signature);
}

/** Everybody, by name: suite, key package, state, and the state that a commit under way would give. */
const clients = new Map();

function client(name) {
  if (!clients.has(name)) clients.set(name, { psks: {} });
  return clients.get(name);
}

/** ECDSA keys are uncompressed points (RFC 9420 §5.1.1); this version of ts-mls makes compressed ones, and reads both. */
function withWholePoints(suite) {
  const keygen = async () => {
    const { publicKey, signKey } = await suite.signature.keygen();
    return { signKey, publicKey: p256.Point.fromBytes(publicKey).toBytes(false) };
  };
  return { ...suite, signature: { ...suite.signature, keygen } };
}

/**
 * X-Wing keys are derived from secrets as HPKE has it (draft-ietf-hpke-pq, DeriveKeyPair with SHAKE256): the library
 * below ts-mls hashes the secret alone.
 */
function withDerivedKeys(suite) {
  const kem = new XWing();
  const prefix = Buffer.from("HPKE-v1KEM\x64\x7a\x00\x0dDeriveKeyPair\x00\x20", "latin1");
  const deriveKeyPair = (secret) => kem.generateKeyPairDerand(new Uint8Array(createHash("shake256", { outputLength: 32 }).update(secret).update(prefix).digest()));
  return { ...suite, hpke: { ...suite.hpke, deriveKeyPair } };
}

const provider = {
  async getCiphersuiteImpl(suite = { hash: "SHA-384", hpke: { kem: "X-Wing", kdf: "HKDF-SHA384", aead: "CHACHA20POLY1305" }, signature: "Ed25519", name: SUITES[0xf0a3] }) {
    const made = await defaultCryptoProvider.getCiphersuiteImpl(suite);
    if (suite.signature === "P256") return withWholePoints(made);
    return suite.hpke.kem === "X-Wing" ? withDerivedKeys(made) : made;
  },
};

async function keyPackage(one, name, suite) {
  one.suite = await getCiphersuiteImpl(getCiphersuiteFromName(SUITES[suite]), provider);
  const credential = { credentialType: "basic", identity: new TextEncoder().encode(name) };
  one.package = await generateKeyPackage(credential, defaultCapabilities(), defaultLifetime, [], one.suite);
}

const proposals = {
  add: (p) => ({ proposalType: "add", add: { keyPackage: decode(p.key_package, "mls_key_package").keyPackage } }),
  remove: (p) => ({ proposalType: "remove", remove: { removed: p.leaf } }),
  psk: (p) => ({ proposalType: "psk", psk: { preSharedKeyId: { psktype: "external", pskId: bytes(p.psk), pskNonce: bytes(p.nonce) } } }),
  extensions: (p) => ({
    proposalType: "group_context_extensions",
    groupContextExtensions: { extensions: (p.extensions ?? []).map((e) => ({ extensionType: e.type === 3 ? "required_capabilities" : e.type, extensionData: bytes(e.data) })) },
  }),
  reinit: (p) => ({ proposalType: "reinit", reinit: { groupId: bytes(p.group), version: "mls10", cipherSuite: SUITES[p.suite], extensions: [] } }),
};

const operations = {
  async key_package(one, { who, suite }) {
    await keyPackage(one, who, suite);
    return { message: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: one.package.publicPackage })) };
  },
  async create(one, { who, suite, group }) {
    await keyPackage(one, who, suite);
    one.state = await createGroup(bytes(group), one.package.publicPackage, one.package.privatePackage, [], one.suite);
  },
  async psk(one, { id, psk }) {
    one.psks[bytesToBase64(bytes(id))] = bytes(psk);
  },
  async join(one, { welcome }) {
    const { publicPackage, privatePackage } = one.package;
    one.state = await joinGroup(decode(welcome, "mls_welcome").welcome, publicPackage, privatePackage, makePskIndex(undefined, one.psks), one.suite);
  },
  async join_external(one, { who, suite, info, resync }) {
    if (!resync) await keyPackage(one, who, suite);
    const { publicPackage, privatePackage } = one.package;
    const { groupInfo } = decode(info, "mls_group_info");
    const { publicMessage, newState } = await joinGroupExternal(withBareKey(groupInfo), publicPackage, privatePackage, resync, one.suite);
    one.next = newState;
    return { message: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage })) };
  },
  async propose_self(one, { who, suite, info }) {
    await keyPackage(one, who, suite);
    const { publicPackage, privatePackage } = one.package;
    return { message: hex(encodeMlsMessage(await proposeAddExternal(decode(info, "mls_group_info").groupInfo, publicPackage, privatePackage, one.suite))) };
  },
  async propose(one, { proposal, in_public }) {
    const { newState, message } = await createProposal(one.state, in_public, proposals[proposal.kind](proposal), one.suite);
    one.state = newState;
    return { message: hex(encodeMlsMessage(message)) };
  },
  async commit(one, { by_value, in_public }) {
    const result = await createCommit(
      { state: one.state, cipherSuite: one.suite, pskIndex: makePskIndex(one.state, one.psks) },
      { wireAsPublicMessage: in_public, extraProposals: by_value.map((p) => proposals[p.kind](p)), ratchetTreeExtension: true },
    );
    one.next = result.newState;
    return {
      message: hex(encodeMlsMessage(result.commit)),
      ...(result.welcome !== undefined && { welcome: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: result.welcome })) }),
    };
  },
  async merge(one) {
    one.state = one.next;
    one.next = undefined;
  },
  async discard(one) {
    one.next = undefined;
  },
  async process(one, { message }) {
    const { wireformat, privateMessage, publicMessage } = decode(message);
    const keys = makePskIndex(one.state, one.psks);
    // processMessage, which tells them apart by itself, forgets the keys of private messages.
    const result =
      wireformat === "mls_private_message"
        ? await processPrivateMessage(one.state, privateMessage, keys, one.suite, acceptAll)
        : await processPublicMessage(one.state, publicMessage, keys, one.suite, acceptAll);
    one.state = result.newState;
    return result.kind === "applicationMessage" ? { application: hex(result.message) } : {};
  },
  async encrypt(one, { data }) {
    const { newState, privateMessage } = await createApplicationMessage(one.state, bytes(data), one.suite);
    one.state = newState;
    return { message: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage })) };
  },
  async group_info(one) {
    const groupInfo = await withWholeKey(await createGroupInfoWithExternalPubAndRatchetTree(one.state, [], one.suite), one);
    return { message: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo })) };
  },
  /** After a ReInit: makes the group that follows, and welcomes the others into it, without its tree. */
  async succeed(one, { who, suite, group, key_packages }) {
    await keyPackage(one, who, suite);
    const { publicPackage, privatePackage } = one.package;
    const others = key_packages.map((text) => decode(text, "mls_key_package").keyPackage);
    const { newState, welcome } = await reinitCreateNewGroup(one.state, publicPackage, privatePackage, others, bytes(group), SUITES[suite], [], provider);
    one.state = newState;
    return { welcome: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome })) };
  },
  /** The tree is that of whoever made the group, where it is one of these clients; else the Welcome holds it. */
  async join_successor(one, { welcome, from }) {
    const { publicPackage, privatePackage } = one.package;
    one.state = await joinGroupFromReinit(one.state, decode(welcome, "mls_welcome").welcome, publicPackage, privatePackage, clients.get(from)?.state.ratchetTree, provider);
  },
  async view(one) {
    const { groupContext, keySchedule, privatePath, groupActiveState, ratchetTree } = one.state;
    return {
      epoch: Number(groupContext.epoch),
      authenticator: hex(keySchedule.epochAuthenticator),
      exported: hex(await mlsExporter(keySchedule.exporterSecret, "interop", new TextEncoder().encode("context"), 40, one.suite)),
      tree_hash: hex(groupContext.treeHash),
      leaf: privatePath.leafIndex,
      members: ratchetTree.filter((n) => n?.nodeType === "leaf").length,
      ended: groupActiveState.kind !== "active",
    };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = (await operations[request.operation](client(request.who), request)) ?? {};
  } catch (error) {
    answer = { error: `${request.operation}: ${error.name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
