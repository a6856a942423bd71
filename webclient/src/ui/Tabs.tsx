/** Views of one thing, side by side. */
import type { ReactElement, ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from "react-aria-components";
import style from "./Tabs.module.css";

export interface TabItem {
  id: string;
  title: ReactNode;
  content: ReactNode;
}

export interface TabsProps {
  label: string;
  items: readonly TabItem[];
  selected?: string;
  onSelect?: (id: string) => void;
}

export function Tabs({ label, items, selected, onSelect }: TabsProps): ReactElement {
  return (
    <AriaTabs
      className={style["tabs"] ?? ""}
      {...(selected === undefined ? {} : { selectedKey: selected })}
      {...(onSelect === undefined ? {} : { onSelectionChange: (key) => onSelect(String(key)) })}
    >
      <TabList aria-label={label} className={style["list"] ?? ""}>
        {items.map((item) => (
          <Tab key={item.id} id={item.id} className={style["tab"] ?? ""}>
            {item.title}
          </Tab>
        ))}
      </TabList>
      {items.map((item) => (
        <TabPanel key={item.id} id={item.id} className={style["panel"] ?? ""}>
          {item.content}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
