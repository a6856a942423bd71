import { describe, expect, it } from "vitest";
import { stripMetadata } from "./strip";

type Bytes = Uint8Array<ArrayBuffer>;
const ascii = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0) ?? 0);
const bytes = (...parts: Array<number | number[]>): Bytes => new Uint8Array(parts.flat());
const segment = (marker: number, body: number[]): number[] => [0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255, ...body];
const holds = (file: Bytes | undefined, secret: string): boolean => new TextDecoder("latin1").decode(file).includes(secret);

const tiff = (orientation: number, little = false): number[] =>
  little
    ? [...ascii("II"), 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0, ...ascii("GPS 48.8N")]
    : [...ascii("MM"), 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0, ...ascii("GPS 48.8N")];

const table = segment(0xdb, [0, 1, 2, 3]);
const icc = segment(0xe2, [...ascii("ICC_PROFILE"), 0, 1, 1, 9]);
const scan = [...segment(0xda, [1, 1, 0, 0, 63, 0]), 0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56];

function jpeg(orientation: number, after: number[] = []): Bytes {
  return bytes(
    [0xff, 0xd8],
    segment(0xe0, [...ascii("JFIF"), 0, 1, 2, 0, 0, 1, 0, 1, 0, 0]),
    segment(0xe1, [...ascii("Exif"), 0, 0, ...tiff(orientation)]),
    segment(0xe1, [...ascii("http://ns.adobe.com/xap/1.0/"), 0, ...ascii("<creator>Odette</creator>")]),
    icc,
    segment(0xe2, [...ascii("MPF"), 0, 1]),
    segment(0xed, ascii("Photoshop 3.0 Marchal")),
    segment(0xfe, ascii("comment: Odette")),
    table,
    scan,
    [0xff, 0xd9],
    after,
  );
}

describe("a JPEG", () => {
  it("loses place, author and comments, and keeps the picture and its colours", () => {
    const out = stripMetadata(jpeg(1));
    expect(out).toEqual(bytes([0xff, 0xd8], segment(0xe0, [...ascii("JFIF"), 0, 1, 2, 0, 0, 1, 0, 1, 0, 0]), icc, table, scan, [0xff, 0xd9]));
  });

  it.each([3, 6, 8])("keeps orientation %i, and nothing else of its Exif", (orientation) => {
    const out = stripMetadata(jpeg(orientation));
    expect(holds(out, "Exif")).toBe(true);
    for (const secret of ["GPS", "Odette", "Photoshop", "MPF"]) expect(holds(out, secret)).toBe(false);
    // What was written can be read back: stripping again changes nothing.
    expect(stripMetadata(out ?? bytes())).toEqual(out);
  });

  it("loses what hides behind its end: films and second pictures", () => {
    expect(holds(stripMetadata(jpeg(1, ascii("ftypmp42 GPS"))), "ftyp")).toBe(false);
  });

  it("keeps every scan of a progressive picture", () => {
    const progressive = bytes([0xff, 0xd8], table, scan, segment(0xc4, [1]), scan, [0xff, 0xd9]);
    expect(stripMetadata(progressive)).toEqual(progressive);
  });

  it("is refused when a segment is longer than the file", () => {
    expect(stripMetadata(bytes([0xff, 0xd8], [0xff, 0xdb, 0xff, 0xff, 1]))).toBeUndefined();
  });
});

const chunk = (name: string, body: number[]): number[] => [0, 0, body.length >> 8, body.length & 255, ...ascii(name), ...body, 1, 2, 3, 4];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

describe("a PNG", () => {
  it("loses texts, times and Exif", () => {
    const head = chunk("IHDR", [0, 0, 0, 1]);
    const data = chunk("IDAT", [5, 6]);
    const end = chunk("IEND", []);
    const out = stripMetadata(bytes(PNG, head, chunk("tEXt", ascii("Author\0Odette")), chunk("eXIf", tiff(6)), chunk("tIME", [7]), data, end, ascii("tail")));
    expect(out).toEqual(bytes(PNG, head, data, end));
  });
  it("is refused when it does not end", () => {
    expect(stripMetadata(bytes(PNG, chunk("IHDR", [0])))).toBeUndefined();
  });
});

describe("a WebP", () => {
  const riff = (...chunks: number[][]): Bytes => {
    const body = [...ascii("WEBP"), ...chunks.flat()];
    return bytes(ascii("RIFF"), [body.length & 255, body.length >> 8, 0, 0], body);
  };
  const piece = (name: string, body: number[]): number[] => [...ascii(name), body.length, 0, 0, 0, ...body, ...(body.length % 2 === 1 ? [0] : [])];
  const vp8x = (flags: number): number[] => piece("VP8X", [flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]);

  it("loses Exif and XMP, and says so in its header", () => {
    const out = stripMetadata(riff(vp8x(0x2c), piece("ICCP", [1, 2]), piece("VP8 ", [9, 9, 9]), piece("EXIF", tiff(1)), piece("XMP ", ascii("Odette"))));
    expect(out).toEqual(riff(vp8x(0x20), piece("ICCP", [1, 2]), piece("VP8 ", [9, 9, 9])));
  });
  it("keeps its orientation", () => {
    const out = stripMetadata(riff(vp8x(0x08), piece("VP8L", [1]), piece("EXIF", tiff(6, true))));
    expect(holds(out, "GPS")).toBe(false);
    expect(holds(out, "EXIF")).toBe(true);
    expect(stripMetadata(out ?? bytes())).toEqual(out);
  });
});

it("knows no other format", () => {
  expect(stripMetadata(bytes(ascii("%PDF-1.7")))).toBeUndefined();
  expect(stripMetadata(bytes())).toBeUndefined();
});
