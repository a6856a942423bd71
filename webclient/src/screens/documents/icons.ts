/** Icons of documents. */
export { default as IconCamera } from "lucide-react/icons/camera";
export { default as IconDownload } from "lucide-react/icons/download";
export { default as IconFile } from "lucide-react/icons/file";
export { default as IconFilm } from "lucide-react/icons/film";
export { default as IconImage } from "lucide-react/icons/image";
export { default as IconPause } from "lucide-react/icons/pause";
export { default as IconPlay } from "lucide-react/icons/play";
export { default as IconSheet } from "lucide-react/icons/file-spreadsheet";
export { default as IconSound } from "lucide-react/icons/volume-2";
export { default as IconText } from "lucide-react/icons/file-text";
export { default as IconUpload } from "lucide-react/icons/upload";
export { default as IconZoomIn } from "lucide-react/icons/zoom-in";
export { default as IconZoomOut } from "lucide-react/icons/zoom-out";
