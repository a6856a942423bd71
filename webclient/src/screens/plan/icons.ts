/** Icons of the plan. */
export { default as IconFlag } from "lucide-react/icons/flag";
export { default as IconGoal } from "lucide-react/icons/target";
export { default as IconHistory } from "lucide-react/icons/history";
export { default as IconLink } from "lucide-react/icons/link";
export { default as IconStart } from "lucide-react/icons/play";
