/**
 * What the cameras of the story film: somebody at a table, drawn, who moves a
 * little. Small, so that two cores carry four faces in each of four browsers.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const WIDTH = 480;
const HEIGHT = 270;
const PICTURES_A_SECOND = 5;
const PICTURES = 10;

type Color = readonly [y: number, u: number, v: number];
const WALL: Color = [176, 118, 134];
const WALL_LOW: Color = [150, 118, 136];
const SHOULDERS: Color = [92, 138, 108];
const HEAD: Color = [158, 108, 150];
const NECK: Color = [138, 110, 150];
const HAIR: Color = [62, 126, 132];

/** Writes the film (YUV4MPEG2) into a folder and gives its path, for Chromium's `--use-file-for-fake-video-capture`. */
export function film(folder: string): string {
  const parts: Uint8Array[] = [Buffer.from(`YUV4MPEG2 W${String(WIDTH)} H${String(HEIGHT)} F${String(PICTURES_A_SECOND)}:1 Ip A1:1 C420jpeg\n`)];
  for (let n = 0; n < PICTURES; n += 1) parts.push(Buffer.from("FRAME\n"), picture(Math.sin((2 * Math.PI * n) / PICTURES)));
  const path = join(folder, "camera.y4m");
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** One picture, planes Y, U and V; sway is −1 to 1. */
function picture(sway: number): Uint8Array {
  const luma = new Uint8Array(WIDTH * HEIGHT);
  const [cb, cr] = [new Uint8Array(luma.length / 4), new Uint8Array(luma.length / 4)];
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const [l, u, v] = at(x, y, sway);
      luma[y * WIDTH + x] = l;
      if (x % 2 === 1 || y % 2 === 1) continue;
      const half = (y / 2) * (WIDTH / 2) + x / 2;
      cb[half] = u;
      cr[half] = v;
    }
  return Buffer.concat([luma, cb, cr]);
}

function at(x: number, y: number, sway: number): Color {
  const [cx, cy] = [WIDTH / 2 + 5 * sway, 116 + 2 * Math.abs(sway)];
  if (within(x, y, cx, cy + 6, 40, 50)) return y < cy - 18 - 0.004 * (x - cx) ** 2 ? HAIR : HEAD;
  if (within(x, y, cx, cy - 6, 47, 54) && y < cy + 24) return HAIR;
  if (within(x, y, cx - 2 * sway, 292, 118, 112)) return SHOULDERS;
  if (within(x, y, cx - sway, 168, 20, 30)) return NECK;
  const down = y / HEIGHT;
  return [Math.round(WALL[0] + (WALL_LOW[0] - WALL[0]) * down), WALL[1], WALL[2]];
}

const within = (x: number, y: number, cx: number, cy: number, rx: number, ry: number): boolean => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;
