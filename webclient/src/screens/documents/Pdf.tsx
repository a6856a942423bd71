/** A PDF, page by page, drawn when it comes into sight. Its scripts never run. */
import { useEffect, useRef, useState, type ReactElement } from "react";
import type { PDFDocumentProxy } from "pdfjs-dist";
import pdfWorker from "pdfjs-dist/build/pdf.worker.min.mjs?worker&url";
import { CoreError } from "../../core/errors";
import { workerURL } from "../../core/trusted";
import { m } from "../../paraglide/messages.js";
import { IconButton } from "../../ui/Button";
import { Progress } from "../../ui/Progress";
import { ErrorState } from "../../ui/States";
import { IconZoomIn, IconZoomOut } from "./icons";
import style from "./Preview.module.css";

/** Fonts that a PDF may count on without carrying them, and decoders of rare pictures. */
const FILES = import.meta.glob<string>(["/node_modules/pdfjs-dist/standard_fonts/*.{pfb,ttf}", "/node_modules/pdfjs-dist/wasm/*.wasm"], {
  query: "?url",
  import: "default",
  eager: true, // their addresses; they are fetched when they are asked for
});

/** Fetches a file of pdf.js by its name. */
class Files {
  async fetch({ filename }: { filename: string }): Promise<Uint8Array> {
    const found = Object.entries(FILES).find(([path]) => path.endsWith(`/${filename}`));
    if (found === undefined) throw new Error(`pdf: no file ${filename}`);
    const response = await fetch(found[1]);
    if (!response.ok) throw new Error(`pdf: ${filename} ${String(response.status)}`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

type Loaded = { state: "loading" } | { state: "ready"; pdf: PDFDocumentProxy } | { state: "error" };

function usePdf(content: Blob): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ state: "loading" });
  useEffect(() => {
    let gone = false;
    const worker = new Worker(workerURL(pdfWorker), { type: "module", name: "pdf" });
    const open = async (): Promise<void> => {
      const [{ getDocument, PDFWorker }, data] = await Promise.all([import("pdfjs-dist"), content.arrayBuffer()]);
      const pdf = await getDocument({
        data,
        worker: PDFWorker.create({ port: worker }),
        isEvalSupported: false,
        enableXfa: false,
        useWorkerFetch: false,
        StandardFontDataFactory: Files,
        WasmFactory: Files,
        verbosity: 0,
      }).promise;
      if (!gone) setLoaded({ state: "ready", pdf });
    };
    open().catch(() => {
      if (!gone) setLoaded({ state: "error" });
    });
    return () => {
      gone = true;
      worker.terminate();
    };
  }, [content]);
  return loaded;
}

const ZOOMS = [1, 1.5, 2, 3];

export function Pdf({ content, name }: { content: Blob; name: string }): ReactElement {
  const loaded = usePdf(content);
  const [zoom, setZoom] = useState(0);
  if (loaded.state === "loading")
    return (
      <div className={style["wait"]}>
        <Progress label={m.doc_opening()} />
      </div>
    );
  if (loaded.state === "error") return <ErrorState error={new CoreError({ code: "malformed" })} />;
  const { pdf } = loaded;
  return (
    <section className={style["pdf"]} aria-label={name}>
      <div className={style["zoom"]}>
        <span>{m.doc_pages({ count: pdf.numPages })}</span>
        <IconButton label={m.doc_zoom_out()} icon={<IconZoomOut size={20} aria-hidden />} isDisabled={zoom === 0} onPress={() => setZoom((z) => Math.max(0, z - 1))} />
        <IconButton label={m.doc_zoom_in()} icon={<IconZoomIn size={20} aria-hidden />} isDisabled={zoom === ZOOMS.length - 1} onPress={() => setZoom((z) => Math.min(ZOOMS.length - 1, z + 1))} />
      </div>
      {/* A region that scrolls can be reached by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={style["pages"]} tabIndex={0}>
        {Array.from({ length: pdf.numPages }, (_, i) => (
          <PdfPage key={i + 1} pdf={pdf} number={i + 1} zoom={ZOOMS[zoom] ?? 1} />
        ))}
      </div>
    </section>
  );
}

function PdfPage({ pdf, number, zoom }: { pdf: PDFDocumentProxy; number: number; zoom: number }): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [seen, setSeen] = useState(number === 1);
  const [text, setText] = useState("");

  useEffect(() => {
    if (frame.current === null || seen) return undefined;
    const observer = new IntersectionObserver((entries) => setSeen(entries.some((e) => e.isIntersecting)), { rootMargin: "600px" });
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, [seen]);

  useEffect(() => {
    const [box, surface] = [frame.current, canvas.current];
    if (!seen || box === null || surface === null) return undefined;
    let cancel: (() => void) | undefined;
    let gone = false;
    const draw = async (): Promise<void> => {
      const page = await pdf.getPage(number);
      const natural = page.getViewport({ scale: 1 });
      box.style.setProperty("--page-ratio", String(natural.width / natural.height));
      box.style.setProperty("--zoom", String(zoom));
      const viewport = page.getViewport({ scale: (box.clientWidth / natural.width) * Math.min(2, devicePixelRatio) });
      surface.width = Math.floor(viewport.width);
      surface.height = Math.floor(viewport.height);
      if (gone) return;
      const task = page.render({ canvas: surface, viewport });
      cancel = () => task.cancel();
      await task.promise;
      const content = await page.getTextContent();
      if (!gone) setText(content.items.map((item) => ("str" in item ? item.str : "")).join(" "));
    };
    draw().catch(() => undefined); // cancelled, or the reader has closed it
    return () => {
      gone = true;
      cancel?.();
    };
  }, [pdf, number, zoom, seen]);

  return (
    <div ref={frame} className={style["page"]}>
      <canvas ref={canvas} className={style["canvas"]} role="img" aria-label={m.doc_page({ number })} />
      <p className={style["read"]}>{text}</p>
    </div>
  );
}
