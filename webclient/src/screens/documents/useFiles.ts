/** Files that come by drop, by paste, or from the file picker and the camera. */
import { useEffect, useState } from "react";

export interface Picked {
  /** Files to be shared; none when nothing has been picked. */
  readonly files: readonly File[];
  readonly clear: () => void;
  /** Opens the file picker, or the camera. */
  readonly pick: (from: "files" | "camera") => void;
  /** Something is held over the page. */
  readonly dragging: boolean;
}

export function useFiles(enabled: boolean): Picked {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [dragging, setDragging] = useState(false);

  useEffect(() => {
    if (!enabled) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    let depth = 0;
    const carries = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    addEventListener(
      "dragenter",
      (event) => {
        if (!carries(event)) return;
        depth += 1;
        setDragging(true);
      },
      { signal },
    );
    addEventListener(
      "dragleave",
      (event) => {
        if (!carries(event)) return;
        depth -= 1;
        if (depth <= 0) setDragging(false);
      },
      { signal },
    );
    addEventListener(
      "dragover",
      (event) => {
        if (carries(event)) event.preventDefault();
      },
      { signal },
    );
    addEventListener(
      "drop",
      (event) => {
        if (!carries(event)) return;
        event.preventDefault();
        depth = 0;
        setDragging(false);
        take(event.dataTransfer?.files);
      },
      { signal },
    );
    addEventListener(
      "paste",
      (event) => {
        if ((event.clipboardData?.files.length ?? 0) === 0) return;
        event.preventDefault();
        take(event.clipboardData?.files);
      },
      { signal },
    );
    const take = (list: FileList | undefined): void => {
      if (list !== undefined && list.length > 0) setFiles([...list]);
    };
    return () => stop.abort();
  }, [enabled]);

  const pick = (from: "files" | "camera"): void => {
    const input = document.createElement("input");
    input.type = "file";
    if (from === "camera") {
      input.accept = "image/*";
      input.capture = "environment";
    } else input.multiple = true;
    input.addEventListener("change", () => setFiles([...(input.files ?? [])]));
    input.click();
  };
  return { files, clear: () => setFiles([]), pick, dragging };
}
