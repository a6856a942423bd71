/** Icons of the minutes. */
export { default as IconExport } from "lucide-react/icons/download";
export { default as IconPrint } from "lucide-react/icons/printer";
export { default as IconSeal } from "lucide-react/icons/stamp";
export { default as IconSign } from "lucide-react/icons/signature";
