/** Every piece of the kit on one page, and the frame around a plausible screen. Development only. */
import "../../src/tokens/base.css";
import "./kitchen.css";
import { StrictMode, useState, type ReactElement, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { I18nProvider } from "react-aria-components";
import { Boot } from "../../src/app/Boot";
import { Mark } from "../../src/app/Mark";
import { Page } from "../../src/app/Page";
import { Shell } from "../../src/app/Shell";
import { CoreError } from "../../src/core/errors";
import { applyPreferences, languageTag, prefer, usePreferences, type Locale } from "../../src/state/preferences";
import { AudienceBadge } from "../../src/ui/Audience";
import { Avatar, Faces } from "../../src/ui/Avatar";
import { Chip, Unread } from "../../src/ui/Badge";
import { Button, IconButton, SendButton } from "../../src/ui/Button";
import { Card } from "../../src/ui/Card";
import { Checkbox, CheckboxGroup, Radio, RadioGroup, Switch } from "../../src/ui/Choice";
import { DateField, TimeField } from "../../src/ui/DateTime";
import { Confirm, Dialog, Sheet } from "../../src/ui/Dialog";
import { Disclosure } from "../../src/ui/Disclosure";
import { IconAdd, IconAgenda, IconCases, IconDelete, IconEdit, IconInfo, IconMore, IconReply, IconWarning } from "../../src/ui/icons";
import { List, Row } from "../../src/ui/List";
import { Menu, MenuItem, MenuSeparator, Popover } from "../../src/ui/Menu";
import { PersonsWords } from "../../src/ui/PersonsWords";
import { Progress } from "../../src/ui/Progress";
import { ComboBox, Select } from "../../src/ui/Select";
import { EmptyState, ErrorLine, ErrorState, LoadingState, Notice } from "../../src/ui/States";
import { Tabs } from "../../src/ui/Tabs";
import { SearchField, TextArea, TextField } from "../../src/ui/TextField";
import { toast, toastDone, toastError, Toasts } from "../../src/ui/Toast";
import { Toolbar } from "../../src/ui/Toolbar";
import { When } from "../../src/ui/When";
import { PEOPLE, TEAM, playFixture } from "./fixture";

const query = new URLSearchParams(location.search);
const part = query.get("part") ?? "kit";

function Section({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <section className="kitchen-section" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

const Line = ({ children }: { children: ReactNode }): ReactElement => <div className="kitchen-line">{children}</div>;

const ROLES = [
  { id: "GP", label: "Médecin traitant" },
  { id: "NURSE", label: "Infirmier, infirmière", detail: "Libéral ou du réseau" },
  { id: "SOCIAL", label: "Assistante sociale" },
  { id: "NONE", label: "Autre", disabled: true },
];

function Fields(): ReactElement {
  const [text, setText] = useState("Mme Marchal préfère le matin.");
  const [role, setRole] = useState<string | null>("NURSE");
  const [who, setWho] = useState<string | null>(null);
  const [rooms, setRooms] = useState(["TEAM"]);
  const [basis, setBasis] = useState("NON_OPPOSITION");
  const [on, setOn] = useState(true);
  const [date, setDate] = useState("2026-01-14");
  const [time, setTime] = useState("14:30");
  return (
    <div className="kitchen-fields">
      <TextField label="Nom de naissance" need="required" defaultValue="Marchal" />
      <TextField label="Numéro INS" need="optional" hint="15 chiffres, sur la carte Vitale ou le téléservice" error="La clé ne correspond pas aux treize premiers chiffres. Vérifiez le numéro." defaultValue="238059999900100" />
      <TextArea label="Projet de vie" hint="Avec les mots de la personne" value={text} onChange={setText} />
      <SearchField label="Rechercher" placeholder="Rechercher dans ce que je peux lire" />
      <Select label="Rôle" choices={ROLES} value={role} onChange={setRole} />
      <ComboBox label="Personne à faire entrer" choices={PEOPLE.map((p) => ({ id: p.user, label: p.name, detail: p.role }))} value={who} onChange={setWho} />
      <DateField label="Date de la réunion" value={date} onChange={setDate} />
      <TimeField label="Heure" value={time} onChange={setTime} />
      <CheckboxGroup label="Accès" value={rooms} onChange={setRooms}>
        <Checkbox value="TEAM" detail="7 personnes">
          Équipe
        </Checkbox>
        <Checkbox value="FAMILY" detail="9 personnes, dont Hélène">
          Avec la famille
        </Checkbox>
      </CheckboxGroup>
      <RadioGroup label="Fondement de l’accord" value={basis} onChange={setBasis}>
        <Radio value="NON_OPPOSITION" card detail="La personne a été informée et ne s’oppose pas.">
          Non-opposition
        </Radio>
        <Radio value="EXPRESS" card detail="La personne a dit oui, à l’oral ou par écrit.">
          Accord exprès
        </Radio>
      </RadioGroup>
      <Switch on={on} onChange={setOn} detail="Sans contenu : « Vous avez un message »">
        Notifications
      </Switch>
      <TextField label="Non modifiable" isDisabled defaultValue="Scellé" />
    </div>
  );
}

function Overlays(): ReactElement {
  const [open, setOpen] = useState<"dialog" | "sheet" | "confirm" | undefined>(query.get("open") as "dialog" | "sheet" | "confirm" | undefined);
  const close = (): void => setOpen(undefined);
  return (
    <Line>
      <Button onPress={() => setOpen("dialog")}>Dialogue</Button>
      <Button onPress={() => setOpen("sheet")}>Feuille</Button>
      <Button variant="danger" onPress={() => setOpen("confirm")}>
        Retirer l’accord
      </Button>
      <Menu label="Message" trigger={<IconButton label="Plus d’actions" icon={<IconMore aria-hidden />} />}>
        <MenuItem icon={<IconReply size={18} />}>Répondre</MenuItem>
        <MenuItem icon={<IconEdit size={18} />} detail="Chacun verra l’ancienne version">
          Modifier
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={<IconDelete size={18} />} danger>
          Retirer le message
        </MenuItem>
      </Menu>
      <Popover label="Lu par" trigger={<Button variant="quiet">Lu par 4</Button>}>
        <p>Dr Okafor, M. Aydin, Mme Pons, Yann Le Goff</p>
      </Popover>
      <Button onPress={() => toastDone("Message retiré", () => undefined)}>Annonce</Button>
      <Button onPress={() => toast("Dr Vidal a accepté la réunion")}>Nouvelle</Button>
      <Button onPress={() => toastError(new CoreError({ code: "unavailable" }))}>Échec</Button>
      <Dialog open={open === "dialog"} onClose={close} title="Ajouter une personne" actions={<Button variant="primary" onPress={close}>Ajouter</Button>}>
        <TextField label="Nom" />
        <ErrorLine error={new CoreError({ code: "conflict" })} />
      </Dialog>
      <Sheet open={open === "sheet"} onClose={close} title="Qui voit cette page">
        <Who />
      </Sheet>
      <Confirm open={open === "confirm"} onClose={close} title="Retirer l’accord de Paul Lenoir ?" act="Retirer l’accord" danger onConfirm={close}>
        <p>Paul ne recevra plus rien à partir de maintenant et quittera l’appel s’il y est. Ce qu’il a déjà lu ne peut pas être repris. Les autres verront que l’accord a été retiré.</p>
      </Confirm>
    </Line>
  );
}

function Who(): ReactElement {
  return (
    <>
      <AudienceBadge code="TEAM" people={7} />
      <List label="Équipe" plain>
        {PEOPLE.map((p) => (
          <Row key={p.user} leading={<Avatar name={p.name} id={p.user} online={p.online} />} title={p.me ? `${p.name} (vous)` : p.name} detail={p.role} />
        ))}
      </List>
    </>
  );
}

function Kit(): ReactElement {
  return (
    <main className="kitchen">
      <h1>
        <Mark />
      </h1>
      <Section title="Boutons">
        <Line>
          <Button variant="primary" icon={<IconAdd size={18} />}>
            Ouvrir un dossier
          </Button>
          <Button>Voir l’ordre du jour</Button>
          <Button variant="quiet">Plus tard</Button>
          <Button variant="warm">Répondre à Hélène</Button>
          <Button variant="danger">Retirer l’accord</Button>
          <Button variant="primary" busy>
            Envoi
          </Button>
          <Button isDisabled>Indisponible</Button>
          <Button small>Petit</Button>
        </Line>
        <Line>
          {["TEAM", "FAMILY", "ITEM", "PLAN", "SESSION", "NETWORK"].map((code) => (
            <SendButton key={code} audience={code} people={7} />
          ))}
        </Line>
        <Toolbar label="Actions du message">
          <IconButton label="Répondre" icon={<IconReply aria-hidden />} />
          <IconButton label="Modifier" icon={<IconEdit aria-hidden />} />
          <IconButton label="Retirer" icon={<IconDelete aria-hidden />} variant="danger" />
          <IconButton label="Main levée" icon={<IconInfo aria-hidden />} pressed />
        </Toolbar>
      </Section>
      <Section title="Qui lit">
        <Line>
          <AudienceBadge code="TEAM" people={7} members={TEAM.members} />
          <AudienceBadge code="FAMILY" people={9} members={PEOPLE.slice(0, 3)} />
          <AudienceBadge code="ITEM" people={6} title="Point 2" />
          <AudienceBadge code="PLAN" people={1} />
          <AudienceBadge code="NETWORK" people={42} />
          <AudienceBadge code="SESSION" people={8} plain />
        </Line>
        <Line>
          {PEOPLE.map((p) => (
            <Avatar key={p.user} name={p.name} id={p.user} online={p.online} decorative={false} />
          ))}
          <Avatar name="Odette Marchal" size="xl" decorative={false} />
          <Faces people={PEOPLE} size="m" />
        </Line>
        <Line>
          <Unread count={3} />
          <Unread count={120} mention />
          <Chip>À venir</Chip>
          <Chip tone="accent">Accepté</Chip>
          <Chip tone="warm" icon={<IconInfo size={14} />}>
            Attend votre avis
          </Chip>
          <Chip tone="done">Fait</Chip>
          <Chip tone="harm">Accord retiré</Chip>
          <Chip onRemove={() => undefined}>Kinésithérapeute</Chip>
        </Line>
      </Section>
      <Section title="Sa voix">
        <PersonsWords source={<>Recueilli par Camille Renaud, <When at={Date.now() - 86_400_000 * 3} /></>}>
          Je veux rester chez moi, avec mes rosiers. Et ne plus avaler neuf cachets sans savoir pourquoi.
        </PersonsWords>
      </Section>
      <Section title="Champs">
        <Fields />
      </Section>
      <Section title="Par-dessus">
        <Overlays />
      </Section>
      <Section title="Onglets et listes">
        <Tabs
          label="Dossier"
          items={[
            {
              id: "waiting",
              title: (
                <>
                  À faire <Unread count={2} />
                </>
              ),
              content: (
                <List label="À faire">
                  <Row href="#" strong leading={<Avatar name="Odette Marchal" />} title="Signer le compte-rendu" detail="RCP du 14 janvier, point 2 : neuf médicaments, lesquels arrêter ?" meta={<><When at={Date.now() + 86_400_000} short /><Chip tone="warm">Demain</Chip></>} />
                  <Row onPress={() => undefined} leading={<Avatar name="Karim Belkacem" />} title="Donner un avis" detail="Douleur la nuit" meta={<When at={Date.now() - 3_600_000} short />} />
                  <Row leading={<Avatar name="Mme Traoré" />} title="Mme Traoré" detail="Assistante sociale" actions={<IconButton label="Plus" icon={<IconMore aria-hidden />} />} />
                </List>
              ),
            },
            { id: "done", title: "Fait", content: <EmptyState icon={<IconCases size={28} />} title="Rien n’attend">Ce qui vous est demandé apparaîtra ici.</EmptyState> },
          ]}
        />
        <div data-audience="FAMILY">
          <Card edge="audience">
            <h3>Question d’Hélène</h3>
            <p>Est-ce que la téléalarme peut être posée avant vendredi ?</p>
            <Line>
              <Button variant="warm">Répondre</Button>
            </Line>
          </Card>
        </div>
        <Disclosure title="Comment ces messages sont protégés">
          <p>Ils sont chiffrés sur votre appareil ; seules les personnes de cette liste peuvent les lire.</p>
        </Disclosure>
      </Section>
      <Section title="États">
        <Progress label="Radio du genou.pdf" value={0.42} />
        <Progress label="Préparation…" />
        <Notice tone="warm" icon={<IconInfo size={22} />} action={<Button small>Voir</Button>}>
          Il n’y a qu’une personne pour recueillir les accords de ce dossier.
        </Notice>
        <Notice tone="harm" icon={<IconWarning size={22} />}>
          <strong>Les participants ne voient pas le même échange.</strong> N’écrivez plus ici et appelez la coordination.
        </Notice>
        <Notice tone="done">Compte-rendu scellé, signé par 5 personnes.</Notice>
        <LoadingState faces />
        <EmptyState icon={<IconAgenda size={28} />} title="Aucune réunion prévue" action={<Button variant="primary">Préparer une RCP</Button>}>
          Une réunion de concertation rassemble ceux qui accompagnent la personne.
        </EmptyState>
        <ErrorState error={new CoreError({ code: "unavailable", detail: "dial: refused" })} onRetry={() => undefined} />
      </Section>
      <Toasts />
    </main>
  );
}

function Framed(): ReactElement {
  const [draft, setDraft] = useState("");
  return (
    <Shell section="cases">
      <Page
        title="Équipe d’Odette Marchal"
        parent="/"
        under={<AudienceBadge code="TEAM" people={7} members={TEAM.members} />}
        actions={<IconButton label="Plus" icon={<IconMore aria-hidden />} />}
        who={<Who />}
        foot={
          <div data-audience="TEAM" className="kitchen-composer">
            <TextArea label="Message" hideLabel rows={1} placeholder="Écrire à l’équipe" value={draft} onChange={setDraft} />
            <SendButton audience="TEAM" people={7} isDisabled={draft === ""} />
          </div>
        }
      >
        <PersonsWords size="m" source="Projet de vie">
          Je veux rester chez moi, avec mes rosiers.
        </PersonsWords>
        <List label="Messages">
          {PEOPLE.map((p, i) => (
            <Row key={p.user} leading={<Avatar name={p.name} id={p.user} />} title={p.name} detail={["Passage ce matin, tension 13/8.", "Merci Yann. Je revois l’ordonnance avec Mme Pons avant vendredi."][i % 2]} meta={<When at={Date.now() - i * 7_200_000} short />} />
          ))}
        </List>
      </Page>
    </Shell>
  );
}

function Kitchen(): ReactElement {
  const locale = usePreferences((p) => p.locale);
  const content = part === "shell" ? <Framed /> : part === "boot" ? <Boot /> : <Kit />;
  return <I18nProvider locale={languageTag(locale)}>{content}</I18nProvider>;
}

applyPreferences();
prefer({ locale: (query.get("locale") ?? "fr") as Locale, theme: (query.get("theme") ?? "system") as "light" | "dark" | "system" });
playFixture(undefined, part !== "boot");






const root = document.getElementById("root");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <Kitchen />
    </StrictMode>,
  );
