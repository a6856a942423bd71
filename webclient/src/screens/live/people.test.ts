import { expect, it } from "vitest";
import type { CallPerson, CallView } from "../../core/types.gen";
import type { CallState } from "../../media/call";
import type { RemoteTrack } from "../../media/wiring";
import { columnsFor, screenOf, tilesOf, unreadableCount } from "./people";

const person = (user: string, leaf: number): CallPerson => ({ user, device: `${user} device`, leaf, peer: `${user} peer`, name: user, role: "NURSE", me: user === "camille" });
const view: CallView = { session: "s", call: "c", item: "i", state: "IN", roster: [person("camille", 0), person("vidal", 3)], hands: ["vidal", "camille"], epoch: 2 };
const remote = (given: Partial<RemoteTrack>): RemoteTrack => ({ id: "t", peer: "vidal peer", medium: "camera", track: {} as MediaStreamTrack, unreadable: false, ...given });
const state = (...tracks: RemoteTrack[]): CallState => ({
  publishing: "connected",
  receiving: "connected",
  local: {},
  remote: tracks,
  announced: [
    { peer: "vidal peer", medium: "camera" },
    { peer: "vidal peer", medium: "audio" },
  ],
});

it("puts a picture under the name that its frames authenticate, whatever signalling says", () => {
  const lying = remote({ peer: "camille peer", leaf: 3 });
  expect(tilesOf(view, state(lying)).map((tile) => tile.camera)).toEqual([undefined, lying]);
});

it("shows no picture before one frame has been decrypted, and says that one is awaited", () => {
  const [, vidal] = tilesOf(view, state(remote({})));
  expect(vidal).toMatchObject({ awaited: true, unreadable: false, microphone: true });
  expect(vidal?.camera).toBeUndefined();
});

it("says and counts what cannot be decrypted", () => {
  const now = state(remote({ unreadable: true }), remote({ id: "u", medium: "audio", unreadable: true }));
  expect(tilesOf(view, now)[1]).toMatchObject({ unreadable: true });
  expect(unreadableCount(now)).toBe(2);
});

it("numbers the raised hands in their one queue", () => {
  expect(tilesOf(view, undefined).map((tile) => tile.hand)).toEqual([2, 1]);
});

it("shows a screen only of somebody in the roster", () => {
  expect(screenOf(view, state(remote({ medium: "screen", leaf: 9 })))).toBeUndefined();
  expect(screenOf(view, state(remote({ medium: "screen", leaf: 3 })))?.person.user).toBe("vidal");
});

it.each([
  [1, 1.6, 1],
  [2, 1.6, 2],
  [2, 0.6, 1],
  [4, 1.6, 2],
  [6, 1.6, 3],
  [9, 1.6, 3],
  [12, 1.6, 4],
])("shows %d faces in a place of shape %d in %d columns", (count, shape, columns) => {
  expect(columnsFor(count, shape)).toBe(columns);
});
