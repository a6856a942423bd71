/**
 * Measures ts-mls at the same work as cmd/compare-mls does ours: node compare.mjs MEMBERS…
 * One JSON row a line, times in microseconds.
 */
import {
  acceptAll,
  createApplicationMessage,
  createCommit,
  createGroup,
  decodeMlsMessage,
  defaultCapabilities,
  defaultLifetime,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  mlsExporter,
  processPrivateMessage,
  processPublicMessage,
} from "ts-mls";
import { Clock, report } from "./clock.mjs";

const suite = await getCiphersuiteImpl(getCiphersuiteFromName("MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"));
const text = new TextEncoder();

const keyPackage = (name) => generateKeyPackage({ credentialType: "basic", identity: text.encode(name) }, defaultCapabilities(), defaultLifetime, [], suite);
const wire = (message) => encodeMlsMessage(message);
const read = (bytes) => decodeMlsMessage(bytes, 0)[0];
const add = (one) => ({ proposalType: "add", add: { keyPackage: one.publicPackage } });

async function commit(state, extraProposals) {
  const { newState, commit: message, welcome } = await createCommit({ state, cipherSuite: suite }, { wireAsPublicMessage: true, extraProposals, ratchetTreeExtension: true });
  return { state: newState, message: wire(message), welcome: welcome && wire({ version: "mls10", wireformat: "mls_welcome", welcome }) };
}

const follow = async (state, message) => (await processPublicMessage(state, read(message).publicMessage, emptyPskIndex, suite, acceptAll)).newState;
const join = (one, welcome) => joinGroup(read(welcome).welcome, one.publicPackage, one.privatePackage, emptyPskIndex, suite);

async function measure(members) {
  const clocks = Object.fromEntries(["create", "commit", "process", "add", "join", "encrypt", "decrypt", "exporter"].map((name) => [name, new Clock()]));
  const own = await keyPackage("founder");
  let founder;
  while (!clocks.create.enough) founder = await clocks.create.run(() => createGroup(text.encode("group"), own.publicPackage, own.privatePackage, [], suite));
  const others = [];
  for (let i = 1; i < members; i++) others.push(await keyPackage(`member ${i}`));
  let did = await commit(founder, others.map(add));
  founder = did.state;
  let second = await join(others[0], did.welcome);

  while (!clocks.commit.enough || !clocks.process.enough) {
    did = await clocks.commit.run(() => commit(founder, []));
    founder = did.state;
    second = await clocks.process.run(() => follow(second, did.message));
  }
  while (!clocks.add.enough || !clocks.join.enough) {
    const newcomer = await keyPackage("newcomer");
    did = await clocks.add.run(() => commit(founder, [add(newcomer)]));
    founder = did.state;
    second = await follow(second, did.message);
    const joined = await clocks.join.run(() => join(newcomer, did.welcome));
    did = await commit(founder, [{ proposalType: "remove", remove: { removed: joined.privatePath.leafIndex } }]);
    founder = did.state;
    second = await follow(second, did.message);
  }
  const data = new Uint8Array(1000);
  while (!clocks.encrypt.enough || !clocks.decrypt.enough) {
    const message = await clocks.encrypt.run(async () => {
      const { newState, privateMessage } = await createApplicationMessage(founder, data, suite);
      founder = newState;
      return wire({ version: "mls10", wireformat: "mls_private_message", privateMessage });
    });
    second = await clocks.decrypt.run(async () => (await processPrivateMessage(second, read(message).privateMessage, emptyPskIndex, suite)).newState);
  }
  while (!clocks.exporter.enough) await clocks.exporter.run(() => mlsExporter(founder.keySchedule.exporterSecret, "label", text.encode("context"), 32, suite));
  return clocks;
}

await measure(10); // what runs for the first time is compiled on the way
for (const members of process.argv.slice(2)) report("ts-mls", Number(members), await measure(Number(members)));
