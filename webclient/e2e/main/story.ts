/** Scenario A of the demonstration: Odette Marchal. */
export const PERSON = "Odette Marchal";
export const INS = { wrong: "238059999900100", right: "238059999900106" };
export const LIFE_PROJECT = "Je veux rester chez moi, avec mon chat et mes voisins. J’ai toujours marché jusqu’au marché le jeudi, et je veux y retourner.";
export const WISH = "Je reste chez moi.";
export const MEETING = "Réunion de concertation du réseau";
export const QUESTIONS = ["Odette peut-elle vivre chez elle en sécurité ?", "Neuf médicaments : lesquels arrêter ?", "Comment rompre l’isolement ?"] as const;
export const DOCUMENT = "ordonnance-marchal.pdf";

export const DECISION = "Odette Marchal reste chez elle, avec une téléalarme.";

/** A PDF of one page and 9 MB: two parts of an upload. */
export function prescription(): Buffer {
  const page = "BT /F1 24 Tf 60 700 Td (Ordonnance) Tj 0 -40 Td (Amlodipine 5 mg le matin) Tj ET";
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${String(page.length)} >>\nstream\n${page}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    `<< /Length ${String(9 << 20)} >>\nstream\n${"amlodipine ".repeat((9 << 20) / 11 + 1).slice(0, 9 << 20)}\nendstream`,
  ];
  let text = "%PDF-1.7\n";
  const places = objects.map((object, i) => {
    const at = text.length;
    text += `${String(i + 1)} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = text.length;
  const rows = places.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  text += `xref\n0 ${String(objects.length + 1)}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${String(objects.length + 1)} /Root 1 0 R >>\nstartxref\n${String(table)}\n%%EOF\n`;
  return Buffer.from(text, "latin1");
}
