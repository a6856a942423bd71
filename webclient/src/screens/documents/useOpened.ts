/** The content of a document, fetched and decrypted when somebody opens it. */
import { useEffect, useState } from "react";
import { ask } from "../../core/client";
import { CoreError } from "../../core/errors";
import type { DocumentView } from "../../core/types.gen";
import { decryptDocument } from "../../documents/worker";

export type OpenedState =
  | { readonly state: "loading"; readonly progress: number | undefined }
  | { readonly state: "ready"; readonly content: Blob; readonly url: string }
  | { readonly state: "error"; readonly error: CoreError };

/** Documents opened last, so that looking again asks for nothing. In this tab's memory only. */
const KEPT = 4;
const kept = new Map<string, Blob>();

function keep(id: string, content: Blob): void {
  kept.delete(id);
  kept.set(id, content);
  for (const old of kept.keys()) {
    if (kept.size <= KEPT) return;
    kept.delete(old);
  }
}

/** `attempt` begins again when it changes. */
export function useOpened({ document, room, media_type: mediaType }: DocumentView, attempt: number): OpenedState {
  const [state, setState] = useState<OpenedState>({ state: "loading", progress: undefined });
  useEffect(() => {
    const stop = new AbortController();
    let url: string | undefined;
    const show = (content: Blob): void => {
      url = URL.createObjectURL(content);
      setState({ state: "ready", content, url });
    };
    const open = async (): Promise<void> => {
      setState({ state: "loading", progress: undefined });
      const known = kept.get(document);
      if (known !== undefined) {
        show(known);
        return;
      }
      try {
        const key = await ask("document.key", { room, document });
        if (stop.signal.aborted) return;
        const bytes = await decryptDocument(
          { document, key: key.key, sha256: key.sha256, ciphertext: key.ciphertext },
          (loaded) => setState({ state: "loading", progress: key.ciphertext > 0 ? Math.min(1, loaded / key.ciphertext) : undefined }),
          stop.signal,
        );
        if (stop.signal.aborted) return;
        const content = new Blob([bytes], { type: mediaType });
        keep(document, content);
        show(content);
      } catch (thrown) {
        if (!stop.signal.aborted) setState({ state: "error", error: CoreError.of(thrown) });
      }
    };
    void open();
    return () => {
      stop.abort();
      if (url !== undefined) URL.revokeObjectURL(url);
    };
  }, [document, room, mediaType, attempt]);
  return state;
}
