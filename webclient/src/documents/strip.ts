/**
 * Takes out of photographs what they tell beside the picture: place, time,
 * camera, author, thumbnails, second pictures. The picture itself is not
 * touched, so nothing is lost in quality; its orientation is kept.
 *
 * JPEG (ITU T.81, Exif 2.32), PNG (third edition) and WebP (RFC 9649). What is
 * none of these, or is damaged, gives undefined.
 */
type Bytes = Uint8Array<ArrayBuffer>;

/** The formats that {@link stripMetadata} knows, by media type. */
export const STRIPPED_TYPES: readonly string[] = ["image/jpeg", "image/png", "image/webp"];

export function stripMetadata(file: Bytes): Bytes | undefined {
  if (starts(file, 0, [0xff, 0xd8, 0xff])) return stripJPEG(file);
  if (starts(file, 0, PNG)) return stripPNG(file);
  if (text(file, 0, 4) === "RIFF" && text(file, 8, 4) === "WEBP") return stripWebP(file);
  return undefined;
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

const starts = (file: Bytes, at: number, bytes: readonly number[]): boolean => bytes.every((byte, i) => file[at + i] === byte);
const text = (file: Bytes, at: number, length: number): string => String.fromCodePoint(...file.subarray(at, at + length));
const view = (file: Bytes): DataView => new DataView(file.buffer, file.byteOffset, file.byteLength);

function concat(pieces: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.byteLength;
  }
  return out;
}

/** Keeps what decodes the picture; Exif is replaced by one that holds the orientation only. */
function stripJPEG(file: Bytes): Bytes | undefined {
  const kept: Uint8Array[] = [file.subarray(0, 2)];
  const orientation = jpegOrientation(file);
  let written = orientation === 1;
  let at = 2;
  while (at + 4 <= file.byteLength) {
    if (file[at] !== 0xff) return undefined;
    const marker = file[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1; // padding
      continue;
    }
    if (marker === 0xd9) break;
    const end = at + 2 + view(file).getUint16(at + 2);
    if (end > file.byteLength) return undefined;
    if (keepsSegment(file, marker, at)) {
      if (!written && marker !== 0xe0) {
        kept.push(exifSegment(orientation));
        written = true;
      }
      kept.push(file.subarray(at, end));
    }
    at = end;
    if (marker !== 0xda) continue;
    const scan = endOfScan(file, at);
    kept.push(file.subarray(at, scan));
    at = scan;
  }
  // What follows the end of the picture (a film, a second picture) stays out.
  return concat([...kept, new Uint8Array([0xff, 0xd9])]);
}

function keepsSegment(file: Bytes, marker: number, at: number): boolean {
  if (marker === 0xe0) return text(file, at + 4, 4) === "JFIF";
  if (marker === 0xe2) return text(file, at + 4, 11) === "ICC_PROFILE";
  if (marker === 0xee) return text(file, at + 4, 5) === "Adobe"; // says how colours are coded
  return !(marker >= 0xe1 && marker <= 0xef) && marker !== 0xfe;
}

/** Entropy-coded data ends before a marker that is neither a stuffed byte nor a restart. */
function endOfScan(file: Bytes, from: number): number {
  let at = file.indexOf(0xff, from);
  while (at >= 0 && at + 1 < file.byteLength) {
    const next = file[at + 1] ?? 0;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
    at = file.indexOf(0xff, at + (next === 0xff ? 1 : 2));
  }
  return file.byteLength;
}

function jpegOrientation(file: Bytes): number {
  let at = 2;
  while (at + 4 <= file.byteLength && file[at] === 0xff && file[at + 1] !== 0xda) {
    const end = at + 2 + view(file).getUint16(at + 2);
    if (file[at + 1] === 0xe1 && text(file, at + 4, 4) === "Exif") return exifOrientation(file.subarray(at + 10, end));
    at = end;
  }
  return 1;
}

/** The orientation (tag 0x0112) of a TIFF structure; 1, upright, when it says nothing. */
function exifOrientation(tiff: Bytes): number {
  if (tiff.byteLength < 14) return 1;
  const little = text(tiff, 0, 2) === "II";
  const data = view(tiff);
  const directory = data.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return 1;
  const entries = data.getUint16(directory, little);
  for (let i = 0; i < entries; i += 1) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > tiff.byteLength) return 1;
    if (data.getUint16(entry, little) !== 0x0112) continue;
    const value = data.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** A TIFF structure with nothing but an orientation. */
const tiff = (orientation: number): number[] => [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];

function exifSegment(orientation: number): Bytes {
  const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff(orientation)];
  return new Uint8Array([0xff, 0xe1, 0, body.length + 2, ...body]);
}

/** Chunks that draw the picture, and those that say how colours are meant. */
const PNG_KEPT = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI", "bKGD", "pHYs", "acTL", "fcTL", "fdAT"]);

function stripPNG(file: Bytes): Bytes | undefined {
  const kept: Uint8Array[] = [file.subarray(0, 8)];
  let at = 8;
  while (at + 12 <= file.byteLength) {
    const name = text(file, at + 4, 4);
    const end = at + 12 + view(file).getUint32(at);
    if (end > file.byteLength) return undefined;
    if (PNG_KEPT.has(name)) kept.push(file.subarray(at, end));
    if (name === "IEND") return concat(kept);
    at = end;
  }
  return undefined;
}

/** Flags of the VP8X chunk that announce Exif and XMP. */
const HAS_EXIF = 0x08;
const HAS_XMP = 0x04;

function stripWebP(file: Bytes): Bytes | undefined {
  const length = view(file).getUint32(4, true) + 8;
  if (length > file.byteLength) return undefined;
  const chunks: Uint8Array[] = [];
  let orientation = 1;
  let header: Bytes | undefined;
  for (let at = 12; at + 8 <= length; ) {
    const name = text(file, at, 4);
    const size = view(file).getUint32(at + 4, true);
    const end = at + 8 + size + (size % 2);
    if (end > length + 1) return undefined;
    if (name === "EXIF") orientation = exifOrientation(tiffOf(file.subarray(at + 8, at + 8 + size)));
    else if (name === "VP8X") {
      header = file.slice(at, end);
      chunks.push(header);
    } else if (KEPT_WEBP.has(name)) chunks.push(file.subarray(at, end));
    at = end;
  }
  if (header !== undefined) {
    const flags = (header[8] ?? 0) & ~HAS_EXIF & ~HAS_XMP;
    header[8] = orientation === 1 ? flags : flags | HAS_EXIF;
    if (orientation !== 1) {
      const body = tiff(orientation);
      chunks.push(new Uint8Array([0x45, 0x58, 0x49, 0x46, body.length, 0, 0, 0, ...body]));
    }
  }
  const out = concat([file.slice(0, 12), ...chunks]);
  view(out).setUint32(4, out.byteLength - 8, true);
  return out;
}

const KEPT_WEBP = new Set(["VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP"]);

/** Some writers put JPEG's "Exif" before the TIFF structure. */
const tiffOf = (body: Bytes): Bytes => (text(body, 0, 4) === "Exif" ? body.subarray(6) : body);
