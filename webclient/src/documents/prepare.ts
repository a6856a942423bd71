/** A file made ready to be shared: photographs without what they tell beside the picture. */
import { mediaTypeOf } from "./files";
import { STRIPPED_TYPES, stripMetadata } from "./strip";
import type { Prepared } from "./upload";

/** Above this a picture is no photograph that we take apart in memory. */
const MAX_PHOTO = 80 * 1024 * 1024;

export const isPhoto = (type: string): boolean => type.startsWith("image/") && type !== "image/svg+xml" && type !== "image/gif";

/** Whether hidden data can be taken out of a file of this type here. */
export function canStrip(type: string): boolean {
  return STRIPPED_TYPES.includes(type);
}

export async function prepare(file: File): Promise<Prepared> {
  const type = mediaTypeOf(file);
  if (!isPhoto(type) || file.size > MAX_PHOTO) return { file, name: file.name, mediaType: type };
  if (canStrip(type)) {
    const stripped = stripMetadata(new Uint8Array(await file.arrayBuffer()));
    if (stripped !== undefined) return { file: new Blob([stripped], { type }), name: file.name, mediaType: type };
  }
  // A format of which only the browser knows the inside, or a damaged file: its picture, drawn again.
  const redrawn = await redraw(file);
  if (redrawn === undefined) return { file, name: file.name, mediaType: type };
  return { file: redrawn, name: `${file.name.replace(/\.[^.]*$/, "")}.jpg`, mediaType: "image/jpeg" };
}

/** The picture as this browser sees it, as a JPEG; undefined when it cannot read it. */
async function redraw(file: File): Promise<Blob | undefined> {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    picture.close();
    return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  } catch {
    return undefined;
  }
}
