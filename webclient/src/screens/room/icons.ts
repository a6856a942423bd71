/** Icons of conversations that the kit does not name. */
export { default as IconCopy } from "lucide-react/icons/copy";
export { default as IconClock } from "lucide-react/icons/clock";
export { default as IconSent } from "lucide-react/icons/check";
export { default as IconRead } from "lucide-react/icons/check-check";
export { default as IconToEnd } from "lucide-react/icons/arrow-down";
export { default as IconFile } from "lucide-react/icons/file-text";
export { default as IconSecurity } from "lucide-react/icons/shield-check";
export { default as IconAttach } from "lucide-react/icons/paperclip";
