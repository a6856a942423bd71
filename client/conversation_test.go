package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
)

func TestTwoCoresTalk(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"))
	camille.says(c.team, "Bonjour à tous.")
	camille.consents(c, vidal, "ALL", c.dossier, c.team, c.plan)
	vidal.ready(c.team)
	vidal.reads(c.team, "Bonjour à tous.")
	vidal.says(c.team, "Bonjour Camille.")
	camille.reads(c.team, "Bonjour à tous.", "Bonjour Camille.")

	v := watch(vidal, "case", client.CaseParams{Case: c.dossier}, func(v client.CaseView) bool {
		return v.State == "READY" && v.LifeProject != nil
	})
	require.Equal(t, "Odette Marchal", v.Person.Display)
	require.Equal(t, "Rester chez moi, avec mon chat.", v.LifeProject.Text)
}
