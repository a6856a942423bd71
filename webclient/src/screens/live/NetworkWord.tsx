/** How the network is, in a word; nothing where nothing can be said. */
import type { ReactElement } from "react";
import { useView } from "../../core/hooks";
import { m } from "../../paraglide/messages.js";
import { IconNetworkGood, IconNetworkLost, IconNetworkWeak } from "./icons";
import style from "./Live.module.css";
import type { Network } from "./meeting";

export function NetworkWord({ network }: { network: Network }): ReactElement {
  const status = useView("status");
  const offline = status.state === "ready" && !status.value.online;
  const now: Network = offline ? "lost" : network;
  return (
    <p className={style["network"]} data-network={now} role="status">
      {now === "good" && (
        <>
          <IconNetworkGood size={18} aria-hidden /> <span>{m.live_network_good()}</span>
        </>
      )}
      {now === "weak" && (
        <>
          <IconNetworkWeak size={18} aria-hidden /> <span>{m.live_network_weak()}</span>
        </>
      )}
      {now === "lost" && (
        <>
          <IconNetworkLost size={18} aria-hidden /> <span>{m.live_network_lost()}</span>
        </>
      )}
    </p>
  );
}
