/** What a search finds on this device, in what I may read. */
import { useEffect, useState, type ReactElement } from "react";
import { to } from "../../app/routes";
import { ask } from "../../core/client";
import { CoreError } from "../../core/errors";
import type { SearchHit } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Chip } from "../../ui/Badge";
import { IconSearch } from "../../ui/icons";
import { List, Row } from "../../ui/List";
import { EmptyState, ErrorState, LoadingState } from "../../ui/States";
import { VisuallyHidden } from "../../ui/VisuallyHidden";
import { When } from "../../ui/When";
import { roomTitle } from "../../words/places";

type Found = { state: "searching" } | { state: "found"; hits: readonly SearchHit[] } | { state: "failed"; error: CoreError };

/** A breath after the last letter, in milliseconds. */
const BREATH = 180;

function useSearch(typed: string): { found: Found; again: () => void } {
  const [found, setFound] = useState<Found>({ state: "searching" });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let wanted = true;
    const timer = setTimeout(() => {
      ask("search", { text: typed.trim() }).then(
        ({ hits }) => wanted && setFound({ state: "found", hits }),
        (thrown: unknown) => wanted && setFound({ state: "failed", error: CoreError.of(thrown) }),
      );
    }, BREATH);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [typed, turn]);
  return { found, again: () => setTurn((n) => n + 1) };
}

interface Sort {
  name: () => string;
  href: (hit: SearchHit) => string;
}

const SORTS: Readonly<Record<string, Sort>> = {
  CASE: { name: m.home_hit_case, href: (hit) => to.case(hit.case) },
  MESSAGE: { name: m.home_hit_message, href: (hit) => `${to.room(hit.room)}?at=${hit.target}` },
  DOCUMENT: { name: m.home_hit_document, href: (hit) => to.documents(hit.case) },
  ITEM: { name: m.home_hit_item, href: (hit) => to.room(hit.room) },
  ACTION: { name: m.home_hit_action, href: (hit) => to.plan(hit.case) },
};

export function Results({ typed }: { typed: string }): ReactElement {
  const { found, again } = useSearch(typed);
  if (found.state === "searching") return <LoadingState />;
  if (found.state === "failed") return <ErrorState error={found.error} onRetry={again} />;
  const { hits } = found;
  return (
    <div>
      <VisuallyHidden>
        <span role="status">{hits.length === 0 ? m.home_search_none() : m.home_search_found({ count: hits.length })}</span>
      </VisuallyHidden>
      {hits.length === 0 ? (
        <EmptyState icon={<IconSearch size={28} />} title={m.home_search_none()}>
          {m.home_search_none_do()}
        </EmptyState>
      ) : (
        <List label={m.home_search_found({ count: hits.length })}>
          {hits.map((hit) => {
            const sort = SORTS[hit.kind];
            return (
              <Row
                key={`${hit.kind} ${hit.room} ${hit.target} ${hit.case}`}
                href={sort?.href(hit) ?? to.case(hit.case)}
                title={roomTitle(hit.title)}
                detail={hit.text}
                meta={
                  <>
                    <Chip>{(sort?.name ?? m.home_hit_case)()}</Chip>
                    {hit.at > 0 && <When at={hit.at} short />}
                  </>
                }
              />
            );
          })}
        </List>
      )}
    </div>
  );
}
